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
 */

/** @returns {SpeedRow} */
export function prefillRow(tokens) {
  return {
    id: `prefill-${tokens}`,
    group: 'prefill',
    title: `prefill, ${number(tokens)} tokens`,
    action: 'prefill',
    tokens,
    sequences: 1,
  };
}

/** @returns {SpeedRow} */
export function decodeRow(depth, count = 48) {
  return {
    id: `decode-${depth}`,
    group: 'decode',
    title: `decode, 1 sequence at depth ${number(depth)}`,
    action: 'decode',
    tokens: depth,
    sequences: 1,
    count,
  };
}

/** @returns {SpeedRow} */
export function batchRow(sequences, depth, count = 24) {
  return {
    id: `batch${sequences}-${depth}`,
    group: 'batch8',
    title: `decode, ${sequences} sequences together at depth ${number(depth)}`,
    action: 'decode',
    tokens: depth,
    sequences,
    count,
  };
}

/** The rows of the full run, by model: large models take longer over each. */
export function speedRows({ isEmbedded }) {
  return isEmbedded
    ? [
        prefillRow(512),
        prefillRow(2048),
        decodeRow(64),
        decodeRow(512),
        decodeRow(4000),
        batchRow(8, 128),
        batchRow(8, 1000),
      ]
    : [prefillRow(512), decodeRow(64, 24), decodeRow(512, 24), batchRow(8, 128, 12)];
}

/** The three that `--quick` measures, shorter. */
export const quickRows = [prefillRow(512), decodeRow(512, 24), batchRow(8, 128, 12)];

/** Tokens that one measurement of the row computes. */
export function tokensOf({ action, tokens, sequences, count }) {
  return action === 'prefill' ? tokens : sequences * count;
}

/** Positions that the longest of the rows needs, with what engines write beyond. */
export function positionsOf(rows) {
  return Math.max(...rows.map(({ tokens, count = 0 }) => tokens + count)) + 64;
}

function number(value) {
  return value.toLocaleString('en-US');
}
