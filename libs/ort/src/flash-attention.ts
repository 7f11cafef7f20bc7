/** Read by ONNX Runtime when it makes a kernel of `GroupQueryAttention`. */
const name = 'ORT_GQA_DISABLE_FLASH_ATTENTION';

/** Whether the process was told from outside how attention is computed. */
const fixed = process.env[name] !== undefined;

/** What `useFlashAttention` said last, or what the process was started with; undefined when nobody said anything. */
export function flashAttention(): boolean | undefined {
  const value = process.env[name];
  return value === undefined ? undefined : value !== '1';
}

/**
 * Chooses how `GroupQueryAttention` over a float32 cache is computed by sessions that are created from now on in this
 * process: in tiles (flash attention), which saves memory, or with all scores at once, which is faster on some
 * machines. The environment variable `ORT_GQA_DISABLE_FLASH_ATTENTION` of the process wins.
 *
 * Needs the main thread: what a worker sets doesn't reach native code.
 *
 * @returns whether the choice counts
 */
export function useFlashAttention(on: boolean): boolean {
  if (fixed) return false;
  process.env[name] = on ? '0' : '1';
  return true;
}
