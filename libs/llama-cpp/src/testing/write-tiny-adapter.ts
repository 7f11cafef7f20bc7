import { encodeTensor, noise, writeGguf } from '@mcli/model-builder/testing';
import type { TinyArchitectureName } from './tiny-architecture.js';
import { tinyGguf } from './write-tiny-gguf.js';

export interface TinyAdapterOptions {
  /** Other seeds, other weights. @default 1 */
  readonly seed?: number;
  /** The rank of what is added. @default 4 */
  readonly rank?: number;
  /** How many columns the adapted matrices have. @default as many as in `writeTinyGguf`'s models */
  readonly columns?: number;
}

/**
 * Writes a LoRA adapter for the models of an architecture that `writeTinyGguf` writes without options. It changes the
 * matrices behind attention enough for other answers.
 */
export async function writeTinyAdapter(
  path: string,
  architecture: TinyArchitectureName,
  options: TinyAdapterOptions = {},
): Promise<void> {
  const { seed = 1, rank = 4 } = options;
  const adapted = tinyGguf(architecture).tensors.filter(({ name }) => name.endsWith('.attn_output.weight'));
  const tensors = adapted.flatMap(({ name, shape: [columns = 0, rows = 0] }) =>
    (
      [
        ['lora_a', [options.columns ?? columns, rank]],
        ['lora_b', [rank, rows]],
      ] as const
    ).map(([part, shape]) => {
      const values = noise(seed, `${name}.${part}`, shape[0] * shape[1], 1, 0);
      return { name: `${name}.${part}`, shape, format: 'F32' as const, bytes: encodeTensor('F32', values) };
    }),
  );
  await writeGguf(path, {
    metadata: {
      'general.type': ['string', 'adapter'],
      'general.architecture': ['string', architecture],
      'adapter.type': ['string', 'lora'],
      'adapter.lora.alpha': ['f32', 2 * rank],
    },
    tensors,
  });
}
