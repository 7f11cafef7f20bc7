import { columns, formatTable, toCells } from './table.mjs';

/** The table and what it depends on, for people. */
export function printReport({ machine, results }) {
  const { cpu, cores, threads, node, onnxruntime, nodeLlamaCpp, llamaCpp } = machine;
  console.log(`${cpu}, ${cores} cores, ${threads} threads, Node ${node}`);
  console.log(`ONNX Runtime ${onnxruntime}, node-llama-cpp ${nodeLlamaCpp} (llama.cpp ${llamaCpp})\n`);
  console.log(formatTable(columns, results.map(toCells)));
  const [{ pairs, interval } = {}] = results.filter(({ interval }) => interval);
  if (pairs)
    console.log(
      `\nMedians of ${pairs} pairs; in brackets the interval that holds the true median with ${(100 * interval.confidence).toFixed(0)} %.`,
    );
}
