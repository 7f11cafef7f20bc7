/**
 * Rows whose figure is tokens a second, ours beside llama.cpp's.
 *
 * @typedef {object} SpeedRow
 * @property {string} id
 * @property {string} group what `--only` chooses
 * @property {string} title
 * @property {'prefill' | 'decode'} action
 * @property {number} tokens of the prompt; for `decode` what each sequence holds before
 * @property {number} sequences
 * @property {number} [count] tokens that each sequence writes
 * @property {number} [target] least ratio
 */

/** @returns {SpeedRow} */
export function prefillRow(tokens, target) {
  return {
    id: `prefill-${tokens}`,
    group: 'prefill',
    title: `prefill, ${number(tokens)} tokens`,
    action: 'prefill',
    tokens,
    sequences: 1,
    target,
  };
}

/** @returns {SpeedRow} */
export function decodeRow(depth, target, count = 48) {
  return {
    id: `decode-${depth}`,
    group: 'decode',
    title: `decode, 1 sequence at depth ${number(depth)}`,
    action: 'decode',
    tokens: depth,
    sequences: 1,
    count,
    target,
  };
}

/** @returns {SpeedRow} */
export function batchRow(sequences, depth, target, count = 24) {
  return {
    id: `batch${sequences}-${depth}`,
    group: 'batch8',
    title: `decode, ${sequences} sequences together at depth ${number(depth)}`,
    action: 'decode',
    tokens: depth,
    sequences,
    count,
    target,
  };
}

/** The rows of the full run. */
export const speedRows = [
  prefillRow(512, 3.5),
  prefillRow(2048, 3),
  decodeRow(64, 1.1),
  decodeRow(512, 1.2),
  decodeRow(4000, 1.4),
  batchRow(8, 128, 3),
  batchRow(8, 1000, 4),
];

/** The three that `--quick` measures, shorter. */
export const quickRows = [prefillRow(512, 3.5), decodeRow(512, 1.2, 24), batchRow(8, 128, 3, 12)];

/** Tokens that one measurement of the row computes. */
export function tokensOf({ action, tokens, sequences, count }) {
  return action === 'prefill' ? tokens : sequences * count;
}

function number(value) {
  return value.toLocaleString('en-US');
}
