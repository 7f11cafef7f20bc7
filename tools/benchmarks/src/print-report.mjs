import { columns, formatTable, toCells } from './table.mjs';
import { floor } from './targets.mjs';

/** The table and what it depends on, for people. */
export function printReport({ machine, results }) {
  console.log(machineLines(machine).join('\n'), '\n');
  console.log(formatTable(columns, results.map(toCells)), '\n');
  for (const note of notes(results)) console.log(note);
}

export function machineLines({ cpu, instructions, cores, threads, node, onnxruntime, llamaCpp, note }) {
  return [
    `${cpu} (${instructions.join(', ') || 'instruction sets unknown'}), ${cores} cores; at most ${threads} threads for each program`,
    `Node ${node}, ONNX Runtime ${onnxruntime}${llamaCpp ? `, llama.cpp ${llamaCpp}` : ''}`,
    ...(note ? [note] : []),
  ];
}

/** What a reader must know of the table. */
export function notes(results) {
  const lines = [];
  const paired = results.filter(({ interval }) => interval);
  if (paired.length) {
    const least = paired.reduce((a, b) => (b.pairs < a.pairs ? b : a));
    lines.push(
      `Ratios are medians of at least ${least.pairs} alternating pairs (against llama.cpp: our better engine, which is named, ÷ llama.cpp); in brackets the interval that holds the true median with at least ${(100 * least.interval.confidence).toFixed(0)} % confidence.`,
    );
  }
  const compared = results.filter(({ best }) => best);
  const below = compared
    .filter(({ ratio }) => ratio < floor)
    .map(({ title, ratio }) => `${title} (${ratio.toFixed(2)} ×)`);
  if (compared.length)
    lines.push(
      below.length
        ? `Below ${floor} × llama.cpp, with the better of our engines: ${below.join('; ')}.`
        : `No figure is below ${floor} × llama.cpp, with the better of our engines.`,
    );
  return lines;
}
