/**
 * Quality of the form that all speeds are measured with, against the fp32 weights of the same file: a result for each
 * text (mean divergence per token) and for perplexity, shaped as `measured` of `rows/results.mjs` makes them.
 *
 * @param {{ threads: number, progress: (text: string) => void }} options
 * @returns {Promise<object[]>}
 */
export async function measureQuality(options) {
  void options;
  return [];
}
