import { loadRuntime } from '@mcli/ort';
import type { Runtime, Tensor } from '@mcli/ort';
import { cacheScaleName } from './architectures/attention.js';
import type { ModelShape } from './architectures/model-shape.js';

/** Most tokens of a text that are looked at. */
const longest = 1024;
/** Tokens of one pass. The numbers don't depend on it; memory does, and how often progress is told. */
const chunk = 256;

export interface CalibrateOptions {
  /** @default one for each physical core that this process may use */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each pass, with the tokens that are done and all of them. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface CacheScale {
  /** Where the scales belong in the data file. */
  readonly name: string;
  /** What one step of the 8-bit numbers stands for, channel by channel, `[kvHeads · headSize]`. */
  readonly scale: Float32Array;
}

/**
 * Finds the scales of an 8-bit cache: one pass over each text, and the largest magnitude of each channel. The two
 * channels of a rotary pair get their largest length together, which holds at every position. (Tokens drawn at random
 * don't do: what they give is a sixth too small, and cut-off outliers cost several times what rounding costs.)
 *
 * @param graphPath a graph that keeps float32 keys and values
 * @param texts tokens of texts such as the model will see
 */
export async function calibrateCache(
  graphPath: string,
  shape: ModelShape,
  texts: readonly (readonly number[])[],
  { threads, signal, onProgress }: CalibrateOptions,
): Promise<readonly CacheScale[]> {
  const shortened = texts.map((text) => text.slice(0, Math.min(longest, shape.contextLength)));
  const room = Math.max(1, ...shortened.map(({ length }) => length));
  const total = shortened.reduce((sum, { length }) => sum + length, 0);
  let done = 0;
  const runtime = await loadRuntime();
  try {
    const session = await runtime.createSession(graphPath, threads === undefined ? {} : { threads });
    const caches = allocateCaches(runtime, shape, room);
    const binding = session.createBinding();
    for (const { suffix, tensor } of caches) {
      binding.bindInput(`past_key_values.${suffix}`, tensor);
      binding.bindOutput(`present_key_values.${suffix}`, tensor);
    }
    const fill = <T extends 'int32' | 'int64'>(type: T, dims: number[], values: ArrayLike<number>): Tensor => {
      const tensor = runtime.allocate(type, dims);
      for (let i = 0; i < tensor.data.length; i++) {
        tensor.data[i] = type === 'int64' ? BigInt(values[i] as number) : (values[i] as number);
      }
      return tensor;
    };
    binding.bindInput('logit_positions', fill('int64', [2, 2], [0, 0, 0, 0]));
    binding.bindOutput('logits', runtime.allocate('float32', [2, shape.vocabularySize]));
    const largest = caches.map(() => new Float32Array(shape.kvHeads * shape.headSize));
    for (const text of shortened) {
      for (let start = 0; start < text.length; start += chunk) {
        const tokens = text.slice(start, start + chunk);
        const end = start + tokens.length;
        binding.bindInput('seqlens_k', fill('int32', [1], [end - 1]));
        binding.bindInput('total_sequence_length', fill('int32', [], [end]));
        binding.bindInput('input_ids', fill('int64', [1, tokens.length], tokens));
        await session.run(binding, signal ? { signal } : {});
        done += tokens.length;
        onProgress?.(done, total);
      }
      for (const [index, { kind, tensor }] of caches.entries()) {
        collect(shape, kind, tensor.data, text.length, largest[index] as Float32Array);
      }
    }
    return caches.map(({ layer, kind }, index) => ({
      name: cacheScaleName(layer, kind),
      scale: (largest[index] as Float32Array).map((value) => Math.max(value, 1e-6) / 127),
    }));
  } finally {
    await runtime.dispose();
  }
}

function allocateCaches(runtime: Runtime, { layers, kvHeads, headSize }: ModelShape, positions: number) {
  return Array.from({ length: layers }, (_, layer) =>
    (['key', 'value'] as const).map((kind) => ({
      layer,
      kind,
      suffix: `${layer}.${kind}`,
      tensor: runtime.allocate('float32', [1, kvHeads, positions, headSize]),
    })),
  ).flat();
}

function collect(
  { kvHeads, headSize, rotarySize }: ModelShape,
  kind: 'key' | 'value',
  values: Float32Array,
  length: number,
  largest: Float32Array,
): void {
  const { sqrt } = Math;
  const half = rotarySize / 2;
  const positions = values.length / (kvHeads * headSize);
  for (let head = 0; head < kvHeads; head++) {
    for (let position = 0; position < length; position++) {
      const start = (head * positions + position) * headSize;
      for (let i = 0; i < headSize; i++) {
        const value = values[start + i] as number;
        const partner =
          kind === 'key' && i < rotarySize ? (values[start + (i < half ? i + half : i - half)] as number) : 0;
        const magnitude = sqrt(value * value + partner * partner);
        const channel = head * headSize + i;
        if (magnitude > (largest[channel] as number)) largest[channel] = magnitude;
      }
    }
  }
}
