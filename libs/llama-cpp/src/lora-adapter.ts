/** A LoRA adapter of a model, to be put over a context's model by `LlamaContext.useAdapters`. Freed with its model. */
export class LoraAdapter {
  /** The library's. */
  readonly handle: bigint;

  /** Made by `LlamaModel.loadAdapter`. */
  constructor(handle: bigint) {
    this.handle = handle;
  }
}
