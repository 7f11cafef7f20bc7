import { basename } from 'node:path';
import type { ContextOptions } from './context-options.js';
import { resolveContextOptions, toContextParams } from './context-options.js';
import type { ContextModel } from './llama-context.js';
import { LlamaContext } from './llama-context.js';
import type { LlamaCppErrorCode } from './llama-cpp-error.js';
import { expectFile } from './expect-file.js';
import { LlamaCppError } from './llama-cpp-error.js';
import { LoraAdapter } from './lora-adapter.js';
import type { NativeFunctions } from './native/function-table.js';
import type { NativeLibrary } from './native/native-library.js';
import { readText } from './native/read-text.js';
import { kindOfModel } from './model-kind.js';
import type { ModelKind } from './model-kind.js';
import { lacksMemory, reasonOf } from './reason-of.js';
import { sequenceTag } from './saved-sequence.js';
import { ThreadPool } from './thread-pool.js';
import { Vocabulary } from './vocabulary.js';

/** `llama_pooling_type` of rerankers, whose vectors have another length. */
const poolingTypeRank = '4';

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
  readonly kind: ModelKind;
  readonly #library: NativeLibrary;
  readonly #label: string;
  readonly #vocabularyOnly: boolean;
  readonly #identity: ContextModel;
  readonly #contexts = new Set<LlamaContext>();
  /** What is being made from it. */
  readonly #pending = new Set<Promise<unknown>>();
  #handle: bigint | undefined;
  #disposing: Promise<void> | undefined;

  /** Made by `LlamaCpp.loadModel`. */
  constructor(library: NativeLibrary, handle: bigint, label: string, vocabularyOnly: boolean) {
    const { functions } = library;
    this.#library = library;
    this.#handle = handle;
    this.#label = label;
    this.#vocabularyOnly = vocabularyOnly;
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
    this.kind = kindOfModel(functions, handle, this.metadata);
    this.#identity = {
      vocabularySize: this.vocabulary.size,
      embeddingSize: this.embeddingSize,
      slidingWindow: this.slidingWindow,
      memory: this.memory,
      isEncoder: this.kind === 'encoder',
    };
  }

  /**
   * Memory and working space for some sequences. All of it is taken at once.
   *
   * @throws LlamaCppError `insufficient_memory` · `invalid_argument` for options that don't fit, and for models of the kind
   * `both`, rerankers, and models of which only the vocabulary was loaded · `disposed`
   */
  async createContext(options: ContextOptions): Promise<LlamaContext> {
    return this.#make(async (model) => {
      const refusal = this.#refusalOf(options);
      if (refusal !== undefined) throw this.#noContext('invalid_argument', refusal);
      const resolved = resolveContextOptions(options, this.#readsInOnePass());
      const threads = new ThreadPool(this.#library, resolved.threads);
      const abortFlag = new Uint8Array(2);
      const params = toContextParams(this.#library, resolved, abortFlag);
      const { result, problems } = await this.#library.log.collect(() =>
        this.#library.async('llama_init_from_model', model, params),
      );
      if (result === null) {
        threads.dispose();
        throw this.#noContext(lacksMemory(problems) ? 'insufficient_memory' : 'invalid_argument', reasonOf(problems));
      }
      const context = new LlamaContext(this.#library, result, {
        model: this.#identity,
        options: resolved,
        tag: sequenceTag(
          [...this.metadata],
          this.size,
          resolved.cacheType,
          resolved.sequences,
          resolved.keepWholeWindow,
        ),
        threads,
        abortFlag,
        onDispose: () => this.#contexts.delete(context),
      });
      this.#contexts.add(context);
      return context;
    });
  }

  /**
   * A LoRA adapter from a GGUF file, for the contexts of this model.
   *
   * @throws LlamaCppError `model_not_found` · `invalid_model` · `disposed`
   */
  async loadAdapter(path: string): Promise<LoraAdapter> {
    return this.#make(async (model) => {
      const label = basename(path);
      await expectFile(path);
      if (this.#vocabularyOnly)
        throw new LlamaCppError('invalid_model', `${label}: only the vocabulary of its model was loaded.`);
      const { result, problems } = await this.#library.log.collect(() =>
        this.#library.async('llama_adapter_lora_init', model, path),
      );
      if (result === null) throw new LlamaCppError('invalid_model', `${label}: ${reasonOf(problems)}`);
      return new LoraAdapter(result, this.#identity);
    });
  }

  /**
   * Frees it, with its contexts and adapters, when what is being computed, which ends early, and what is being made of it
   * have ended. May be called twice; both wait.
   */
  async dispose(): Promise<void> {
    await (this.#disposing ??= this.#dispose());
  }

  async #dispose(): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#handle = undefined;
    await Promise.allSettled(this.#pending);
    await Promise.all([...this.#contexts].map((context) => context.dispose()));
    this.vocabulary.dispose();
    this.#library.functions.llama_model_free(handle);
  }

  /** Lets `dispose` wait for some work; what it made is freed then. */
  async #make<T>(work: (model: bigint) => Promise<T>): Promise<T> {
    const pending = work(this.#alive());
    this.#pending.add(pending);
    try {
      const made = await pending;
      this.#alive();
      return made;
    } finally {
      this.#pending.delete(pending);
    }
  }

  /** What is not run, and what the library would end the process for. */
  #refusalOf({ embeddings }: ContextOptions): string | undefined {
    if (this.#vocabularyOnly) return 'only the vocabulary was loaded';
    if (this.kind === 'both') return 'models with an encoder and a decoder are not run';
    const makesRanks = embeddings === 'model' && this.#own('pooling_type') === poolingTypeRank;
    return makesRanks ? 'rerankers are not run' : undefined;
  }

  /** Whether its tokens see those behind them too. */
  #readsInOnePass(): boolean {
    return this.kind !== 'decoder' || this.#own('attention.causal') === 'false';
  }

  /** Metadata of its architecture. */
  #own(name: string): string | undefined {
    return this.metadata.get(`${this.metadata.get('general.architecture') ?? ''}.${name}`);
  }

  #noContext(code: LlamaCppErrorCode, reason: string): LlamaCppError {
    return new LlamaCppError(code, `${this.#label}: no context could be made: ${reason}`);
  }

  #alive(): bigint {
    if (this.#handle !== undefined) return this.#handle;
    throw new LlamaCppError('disposed', `${this.#label} was disposed of.`);
  }
}

function readMetadata(functions: NativeFunctions, handle: bigint): ReadonlyMap<string, string> {
  const { llama_model_meta_count, llama_model_meta_key_by_index, llama_model_meta_val_str_by_index } = functions;
  const entries = Array.from({ length: llama_model_meta_count(handle) }, (_, index) => {
    const key = readText((out, size) => llama_model_meta_key_by_index(handle, index, out, size));
    return [key, readText((out, size) => llama_model_meta_val_str_by_index(handle, index, out, size))] as const;
  });
  return new Map(entries);
}
