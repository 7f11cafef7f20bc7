import type { TensorInfo } from '../read/gguf-file.js';

/** Follows from the metadata; old converters kept it all the same. */
const needless = /^blk\.\d+\.attn_rot_embd(\.weight)?$/;

/** A file's tensors, which remember who was asked for. */
export class UsedTensors extends Map<string, TensorInfo> {
  readonly #used = new Set<string>();

  override get(name: string): TensorInfo | undefined {
    this.#used.add(name);
    return super.get(name);
  }

  /** Names of the tensors that nobody got and a model can't do without. */
  unused(): readonly string[] {
    return [...this.keys()].filter((name) => !this.#used.has(name) && !needless.test(name));
  }
}
