import { hasDotProducts } from './processor-class.mjs';

/** What the better of our two engines may lack of llama.cpp's own figures, on any processor and with any model. */
export const floor = 0.95;

const withDotProducts = {
  'prefill-512': 3.5,
  'prefill-2048': 3,
  'decode-64': 1.1,
  'decode-512': 1.2,
  'decode-4000': 1.4,
  'batch8-128': 3,
  'batch8-1000': 4,
};

/**
 * The least ratio of our better engine to llama.cpp that a row should reach.
 *
 * @param {{ id: string, group: string }} row
 * @param {{ isEmbedded: boolean }} model
 * @param {string} processor a class of `processor-class.mjs`
 */
export function targetOf({ id, group }, { isEmbedded }, processor) {
  if (!isEmbedded) return floor;
  if (hasDotProducts(processor)) return withDotProducts[id] ?? floor;
  if (processor === 'avx2') return group === 'prefill' ? 1.3 : 1;
  return floor;
}
