/**
 * A LoRA adapter of a model, to be put over a context's model by `LlamaContext.useAdapters`. It lives as long as its model,
 * and is freed with it.
 */
export class LoraAdapter {
  /** The library's. */
  readonly handle: bigint;
  /** Stands for the model that it fits. */
  readonly owner: object;

  /** Made by `LlamaModel.loadAdapter`. */
  constructor(handle: bigint, owner: object) {
    this.handle = handle;
    this.owner = owner;
  }
}
