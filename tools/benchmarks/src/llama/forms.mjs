/**
 * The ways in which llama.cpp may compute a model: each of its files, with all threads and with one. Attention is left to
 * llama.cpp, which takes flash attention where it can.
 *
 * @param {import('../models/benchmark-models.mjs').BenchmarkModel} model
 * @param {number} threads
 * @returns {LlamaForm[]} those with all threads first
 */
export function llamaForms({ files }, threads) {
  return [...new Set([threads, 1])].flatMap((count) =>
    files.map((file) => ({
      name: `${file.name}, ${count} ${count === 1 ? 'thread' : 'threads'}`,
      file: file.name,
      threads: count,
    })),
  );
}

/** @typedef {{ name: string, file: string, threads: number }} LlamaForm */
