import { columns, formatTable, formatValue, toCells } from './table.mjs';

/** The table and what it depends on, for people. */
export function printReport({ machine, results }) {
  console.log(machineLines(machine).join('\n'), '\n');
  console.log(formatTable(columns, results.map(toCells)), '\n');
  for (const note of notes(results)) console.log(note);
}

export function machineLines({ cpu, instructions, cores, threads, node, onnxruntime, nodeLlamaCpp, llamaCpp }) {
  return [
    `${cpu} (${instructions.join(', ') || 'instruction sets unknown'}), ${cores} cores; ${threads} threads for each program`,
    `Node ${node}, ONNX Runtime ${onnxruntime}, node-llama-cpp ${nodeLlamaCpp} (llama.cpp ${llamaCpp})`,
  ];
}

/** What a reader must know of the table. */
export function notes(results) {
  const lines = [];
  const paired = results.filter(({ interval }) => interval);
  if (paired.length) {
    const least = paired.reduce((a, b) => (b.pairs < a.pairs ? b : a));
    lines.push(
      `Ratios are medians of at least ${least.pairs} alternating pairs (against llama.cpp: ours ÷ llama.cpp); in brackets the interval that holds the true median with at least ${(100 * least.interval.confidence).toFixed(0)} % confidence.`,
    );
  }
  for (const { title, oneThread, llama } of results)
    if (oneThread && oneThread.llama.value > llama.value)
      lines.push(
        `${title}: llama.cpp is faster with one thread here, ${formatValue(oneThread.llama.value)} tokens/s (${oneThread.llama.form}); ours ÷ that is ${oneThread.ratio.toFixed(2)} × (${oneThread.interval.low.toFixed(2)}–${oneThread.interval.high.toFixed(2)}).`,
      );
  return lines;
}
