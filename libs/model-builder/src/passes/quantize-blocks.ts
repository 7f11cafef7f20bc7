// Looked up once: a global is found slowly where code runs in a context of its own.
const { abs } = Math;

/** Numbers that share one scale. */
export const blockSize = 32;

/**
 * Rounds each block of 32 numbers to 8 bits: `value ≈ (byte - 128) * scale`, with the scale that makes the block's
 * largest magnitude 127. Numbers that were stored as Q8_0 come back as they were, unless a block's largest is not 127.
 *
 * `values.length` is a multiple of 32; `bytes` has as many elements, `scales` one for each block.
 */
export function quantizeBlocks(values: Float32Array, bytes: Uint8Array, scales: Float32Array): void {
  for (let block = 0, start = 0; start < values.length; block++, start += blockSize) {
    let largest = 0;
    for (let i = start; i < start + blockSize; i++) {
      const magnitude = abs(values[i] as number);
      if (magnitude > largest) largest = magnitude;
    }
    const scale = Math.fround(largest / 127);
    const inverse = scale > 0 ? 1 / scale : 0;
    scales[block] = scale;
    for (let i = start; i < start + blockSize; i++) bytes[i] = (values[i] as number) * inverse + 128.5;
  }
}
