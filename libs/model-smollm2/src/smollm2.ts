import { fileURLToPath } from 'node:url';

/** A model whose file travels inside a package. */
export interface EmbeddedModel {
  /** The name by which requests choose the model. */
  readonly id: string;
  /** Absolute path of the GGUF file. */
  readonly path: string;
  /** SHA-256 of the file, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** The file's size in bytes. */
  readonly sizeBytes: number;
  /** What the model's authors recommend for chatting. */
  readonly recommendedSampling: { readonly temperature: number; readonly topP: number };
}

/** SmolLM2-135M-Instruct, Q4_1: the model that mcli embeds. */
export const smollm2: EmbeddedModel = {
  id: 'smollm2-135m-instruct',
  path: fileURLToPath(new URL('../model/SmolLM2-135M-Instruct.Q4_1.gguf', import.meta.url)),
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  sizeBytes: 98_362_432,
  recommendedSampling: { temperature: 0.2, topP: 0.9 },
};
