import { access } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ContextOptions } from './context-options.js';
import { toContextParams } from './context-options.js';
import { LlamaContext } from './llama-context.js';
import { LlamaCppError } from './llama-cpp-error.js';
import { LoraAdapter } from './lora-adapter.js';
import type { NativeFunctions } from './native/function-table.js';
import type { NativeLibrary } from './native/native-library.js';
import { readText } from './native/read-text.js';
import { reasonOf } from './reason-of.js';
import { ThreadPool } from './thread-pool.js';
import { Vocabulary } from './vocabulary.js';

/** An open model: its weights, mapped into memory, and its vocabulary. */
export class LlamaModel {
  readonly vocabulary: Vocabulary;
  /** Such as `llama 1B Q4_K - Medium`. */
  readonly description: string;
  /** The file's metadata as texts; lists are left out. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The default chat template, in Jinja; `undefined` when the file has none. */
  readonly chatTemplate: string | undefined;
  /** Positions that it was trained for. */
  readonly contextLength: number;
  readonly layers: number;
  /** Numbers in an embedding that comes out. */
  readonly embeddingSize: number;
  /** Bytes of all tensors. */
  readonly size: number;
  /** How many numbers the tensors have. */
  readonly parameters: number;
  /** Positions that some layers look back at most; 0: all layers see everything. */
  readonly slidingWindow: number;
  /**
   * What becomes of what it has read. `cache`: keys and values, which can be cut back to any length. `state`: one state
   * a sequence, which can't. `both`: some layers like this, some like that; it can't either.
   */
  readonly memory: 'cache' | 'state' | 'both';
  /** What it can do: write, or only make embeddings (`encoder`), or translate what an encoder read (`both`). */
  readonly kind: 'decoder' | 'encoder' | 'both' | 'diffusion';
  readonly #library: NativeLibrary;
  readonly #label: string;
  readonly #parts = new Set<{ dispose(): Promise<void> }>();
  #handle: bigint | undefined;

  /** Made by `LlamaCpp.loadModel`. */
  constructor(library: NativeLibrary, handle: bigint, label: string) {
    const { functions } = library;
    this.#library = library;
    this.#handle = handle;
    this.#label = label;
    this.vocabulary = new Vocabulary(library, functions.llama_model_get_vocab(handle) ?? 0n);
    this.description = readText((out, size) => functions.llama_model_desc(handle, out, size));
    this.metadata = readMetadata(functions, handle);
    this.chatTemplate = functions.llama_model_chat_template(handle, null) ?? undefined;
    this.contextLength = functions.llama_model_n_ctx_train(handle);
    this.layers = functions.llama_model_n_layer(handle);
    this.embeddingSize = functions.llama_model_n_embd_out(handle);
    this.size = Number(functions.llama_model_size(handle));
    this.parameters = Number(functions.llama_model_n_params(handle));
    this.slidingWindow = functions.llama_model_n_swa(handle);
    const hasState = functions.llama_model_is_recurrent(handle);
    this.memory = functions.llama_model_is_hybrid(handle) ? 'both' : hasState ? 'state' : 'cache';
    this.kind = kindOf(functions, handle);
  }

  /**
   * Memory and working space for some sequences. All of it is taken at once.
   *
   * @throws LlamaCppError `insufficient_memory` · `invalid_argument` · `disposed`
   */
  async createContext(options: ContextOptions): Promise<LlamaContext> {
    const model = this.#alive();
    const threads = new ThreadPool(this.#library, options.threads);
    const abortFlag = new Uint8Array(2);
    const params = toContextParams(this.#library, options, abortFlag);
    const { result, problems } = await this.#library.log.collect(() =>
      this.#library.async('llama_init_from_model', model, params),
    );
    if (result === null) {
      threads.dispose();
      const reason = reasonOf(problems);
      const code = /alloc|out of memory/i.test(problems.join()) ? 'insufficient_memory' : 'invalid_argument';
      throw new LlamaCppError(code, `${this.#label}: no context could be made: ${reason}`);
    }
    const { vocabulary, embeddingSize } = this;
    const context = new LlamaContext(this.#library, result, {
      threads,
      abortFlag,
      vocabularySize: vocabulary.size,
      embeddingSize,
      onDispose: () => this.#parts.delete(context),
    });
    this.#parts.add(context);
    return context;
  }

  /**
   * A LoRA adapter from a GGUF file, for the contexts of this model.
   *
   * @throws LlamaCppError `model_not_found` · `invalid_model` · `disposed`
   */
  async loadAdapter(path: string): Promise<LoraAdapter> {
    const model = this.#alive();
    const label = basename(path);
    await access(path).catch((cause: unknown) => {
      throw new LlamaCppError('model_not_found', `${label}: there is no such file, or it can't be read.`, { cause });
    });
    const { result, problems } = await this.#library.log.collect(() =>
      this.#library.async('llama_adapter_lora_init', model, path),
    );
    if (result === null) throw new LlamaCppError('invalid_model', `${label}: ${reasonOf(problems)}`);
    return new LoraAdapter(result);
  }

  /** Frees it, with its contexts and adapters, when what they compute has ended. May be called twice. */
  async dispose(): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#handle = undefined;
    await Promise.all([...this.#parts].map((part) => part.dispose()));
    this.vocabulary.dispose();
    this.#library.functions.llama_model_free(handle);
  }

  #alive(): bigint {
    if (this.#handle !== undefined) return this.#handle;
    throw new LlamaCppError('disposed', `${this.#label} was disposed of.`);
  }
}

function kindOf(functions: NativeFunctions, handle: bigint): LlamaModel['kind'] {
  if (functions.llama_model_is_diffusion(handle)) return 'diffusion';
  if (!functions.llama_model_has_encoder(handle)) return 'decoder';
  return functions.llama_model_has_decoder(handle) ? 'both' : 'encoder';
}

function readMetadata(functions: NativeFunctions, handle: bigint): ReadonlyMap<string, string> {
  const { llama_model_meta_count, llama_model_meta_key_by_index, llama_model_meta_val_str_by_index } = functions;
  const entries = Array.from({ length: llama_model_meta_count(handle) }, (_, index) => {
    const key = readText((out, size) => llama_model_meta_key_by_index(handle, index, out, size));
    return [key, readText((out, size) => llama_model_meta_val_str_by_index(handle, index, out, size))] as const;
  });
  return new Map(entries);
}
