import type { CTypes } from './structs.js';

/** Which of llama.cpp's three libraries a function is in. */
export type LibraryName = 'llama' | 'ggml' | 'base';

type Signature = readonly [LibraryName, keyof CTypes, readonly (keyof CTypes)[]];

/** Name → library, result, parameters. Source: `llama.h`, `ggml-backend.h` and `ggml.h`, where each is documented. */
export const functionTable = {
  ggml_backend_load_all_from_path: ['ggml', 'void', ['str']],
  ggml_backend_reg_count: ['ggml', 'size', []],
  ggml_backend_reg_by_name: ['ggml', 'address', ['str']],
  ggml_backend_dev_count: ['ggml', 'size', []],
  ggml_backend_dev_get: ['ggml', 'address', ['size']],
  ggml_backend_dev_name: ['base', 'text', ['pointer']],
  ggml_backend_dev_description: ['base', 'text', ['pointer']],
  ggml_backend_dev_type: ['base', 'int32', ['pointer']],
  /** (device, out free bytes, out all bytes) */
  ggml_backend_dev_memory: ['base', 'void', ['pointer', 'pointer', 'pointer']],
  ggml_backend_reg_get_proc_address: ['base', 'address', ['pointer', 'str']],
  /** (out parameters, threads) */
  ggml_threadpool_params_init: ['base', 'void', ['pointer', 'int32']],

  llama_backend_init: ['llama', 'void', []],
  llama_version: ['llama', 'text', []],
  /** (callback, its data). The callback must live as long as it is set, and is called on any thread. */
  llama_log_set: ['llama', 'void', ['pointer', 'pointer']],

  llama_model_default_params: ['llama', 'modelParams', []],
  llama_model_load_from_file: ['llama', 'address', ['str', 'modelParams']],
  llama_model_free: ['llama', 'void', ['pointer']],
  llama_model_get_vocab: ['llama', 'address', ['pointer']],
  llama_model_n_ctx_train: ['llama', 'int32', ['pointer']],
  llama_model_n_embd_out: ['llama', 'int32', ['pointer']],
  llama_model_n_layer: ['llama', 'int32', ['pointer']],
  llama_model_n_swa: ['llama', 'int32', ['pointer']],
  llama_model_size: ['llama', 'uint64', ['pointer']],
  llama_model_n_params: ['llama', 'uint64', ['pointer']],
  /** (model, out text, its bytes) → length of the text */
  llama_model_desc: ['llama', 'int32', ['pointer', 'pointer', 'size']],
  llama_model_meta_count: ['llama', 'int32', ['pointer']],
  /** (model, index, out text, its bytes) → length of the text, which may be longer than what fitted */
  llama_model_meta_key_by_index: ['llama', 'int32', ['pointer', 'int32', 'pointer', 'size']],
  llama_model_meta_val_str_by_index: ['llama', 'int32', ['pointer', 'int32', 'pointer', 'size']],
  /** (model, name or null) */
  llama_model_chat_template: ['llama', 'text', ['pointer', 'pointer']],
  llama_model_has_encoder: ['llama', 'bool', ['pointer']],
  llama_model_has_decoder: ['llama', 'bool', ['pointer']],
  llama_model_is_recurrent: ['llama', 'bool', ['pointer']],
  llama_model_is_hybrid: ['llama', 'bool', ['pointer']],
  llama_model_is_diffusion: ['llama', 'bool', ['pointer']],

  llama_vocab_n_tokens: ['llama', 'int32', ['pointer']],
  llama_vocab_type: ['llama', 'int32', ['pointer']],
  llama_vocab_bos: ['llama', 'int32', ['pointer']],
  llama_vocab_eos: ['llama', 'int32', ['pointer']],
  llama_vocab_sep: ['llama', 'int32', ['pointer']],
  llama_vocab_get_add_bos: ['llama', 'bool', ['pointer']],
  llama_vocab_get_add_eos: ['llama', 'bool', ['pointer']],
  llama_vocab_get_text: ['llama', 'text', ['pointer', 'int32']],
  llama_vocab_get_attr: ['llama', 'int32', ['pointer', 'int32']],
  llama_vocab_is_eog: ['llama', 'bool', ['pointer', 'int32']],
  /** (vocabulary, text, its bytes, out tokens, how many fit, add special ones, parse special ones) → count, or minus the count */
  llama_tokenize: ['llama', 'int32', ['pointer', 'pointer', 'int32', 'pointer', 'int32', 'bool', 'bool']],
  /** (vocabulary, token, out bytes, how many fit, spaces to leave out, whether special tokens have a text) */
  llama_token_to_piece: ['llama', 'int32', ['pointer', 'int32', 'pointer', 'int32', 'int32', 'bool']],

  llama_context_default_params: ['llama', 'contextParams', []],
  llama_init_from_model: ['llama', 'address', ['pointer', 'contextParams']],
  llama_free: ['llama', 'void', ['pointer']],
  llama_n_ctx_seq: ['llama', 'uint32', ['pointer']],
  llama_n_batch: ['llama', 'uint32', ['pointer']],
  llama_get_memory: ['llama', 'address', ['pointer']],
  llama_attach_threadpool: ['llama', 'void', ['pointer', 'pointer', 'pointer']],
  /** (context, threads for one token, threads for several) */
  llama_set_n_threads: ['llama', 'void', ['pointer', 'int32', 'int32']],
  llama_decode: ['llama', 'int32', ['pointer', 'batch']],
  llama_encode: ['llama', 'int32', ['pointer', 'batch']],
  llama_get_logits_ith: ['llama', 'address', ['pointer', 'int32']],
  llama_get_embeddings_ith: ['llama', 'address', ['pointer', 'int32']],
  llama_get_embeddings_seq: ['llama', 'address', ['pointer', 'int32']],

  llama_pooling_type: ['llama', 'int32', ['pointer']],

  llama_memory_clear: ['llama', 'void', ['pointer', 'bool']],
  /** (memory, sequence, from, to) */
  llama_memory_seq_rm: ['llama', 'bool', ['pointer', 'int32', 'int32', 'int32']],
  llama_memory_seq_pos_min: ['llama', 'int32', ['pointer', 'int32']],
  llama_memory_seq_pos_max: ['llama', 'int32', ['pointer', 'int32']],

  llama_state_seq_get_size: ['llama', 'size', ['pointer', 'int32']],
  llama_state_seq_get_data: ['llama', 'size', ['pointer', 'pointer', 'size', 'int32']],
  llama_state_seq_set_data: ['llama', 'size', ['pointer', 'pointer', 'size', 'int32']],

  llama_adapter_lora_init: ['llama', 'address', ['pointer', 'str']],
  /** (context, addresses of adapters, how many, their scales) */
  llama_set_adapters_lora: ['llama', 'int32', ['pointer', 'pointer', 'size', 'pointer']],
} as const satisfies Readonly<Record<string, Signature>>;

type Values<Types extends readonly (keyof CTypes)[]> = { [I in keyof Types]: CTypes[Types[I]] };

/** One function of the libraries. */
export interface NativeFunction<Result extends keyof CTypes, Parameters extends readonly (keyof CTypes)[]> {
  (...values: Values<Parameters>): CTypes[Result];
  /** The same on a thread of Node's pool. Memory passed must stay referenced until `done` is called. */
  async(...values: [...Values<Parameters>, done: (error: unknown, result: CTypes[Result]) => void]): void;
}

type Table = typeof functionTable;

export type NativeFunctions = {
  readonly [Name in keyof Table]: NativeFunction<Table[Name][1], Table[Name][2]>;
};
