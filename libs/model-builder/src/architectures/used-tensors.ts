import type { TensorInfo } from '../read/gguf-file.js';

/** Whether a tensor follows from the metadata; old converters kept it all the same. */
export function isNeedless(name: string): boolean {
  return /^blk\.\d+\.attn_rot_embd(\.weight)?$/.test(name);
}

/** A file's tensors, which remember who was asked for. */
export class UsedTensors extends Map<string, TensorInfo> {
  readonly #used = new Set<string>();

  override get(name: string): TensorInfo | undefined {
    this.#used.add(name);
    return super.get(name);
  }

  /** Names of the tensors that nobody got and a model can't do without. */
  unused(): readonly string[] {
    return [...this.keys()].filter((name) => !this.#used.has(name) && !isNeedless(name));
  }
}
