/** How C's types look in JavaScript. */
export interface CTypes {
  void: undefined;
  /** An address, memory whose address is passed, or null. */
  pointer: bigint | ArrayBufferView | null;
  /** An address that a function returns; null for none. */
  address: bigint | null;
  bool: boolean;
  int32: number;
  int64: number | bigint;
  uint32: number;
  uint64: number | bigint;
  float: number;
  size: number | bigint;
  /** UTF-8, ended by a zero byte. */
  str: string;
  /** A text that a function returns; null for none. */
  text: string | null;
  modelParams: Struct<typeof modelParams>;
  contextParams: Struct<typeof contextParams>;
  batch: Struct<typeof batch>;
}

export type StructName = 'modelParams' | 'contextParams' | 'batch';

type FieldType = Exclude<keyof CTypes, 'void' | 'str' | 'text' | StructName>;
type Struct<Fields extends Readonly<Record<string, FieldType>>> = {
  -readonly [Name in keyof Fields]: CTypes[Fields[Name]];
};

/** `llama_model_params`, in the order of `llama.h` of the release in `release.ts`. */
export const modelParams = {
  /** Devices, ended by null; null: all that there are. */
  devices: 'pointer',
  tensor_buft_overrides: 'pointer',
  /** Negative: all. */
  n_gpu_layers: 'int32',
  split_mode: 'int32',
  /** One of `loadModes`. */
  load_mode: 'int32',
  lazy_mode: 'int32',
  main_gpu: 'int32',
  tensor_split: 'pointer',
  progress_callback: 'pointer',
  progress_callback_user_data: 'pointer',
  kv_overrides: 'pointer',
  vocab_only: 'bool',
  check_tensors: 'bool',
  use_extra_bufts: 'bool',
  no_host: 'bool',
  no_alloc: 'bool',
  load_mtp: 'bool',
} as const satisfies Readonly<Record<string, FieldType>>;

/** `llama_context_params`. */
export const contextParams = {
  n_ctx: 'uint32',
  n_batch: 'uint32',
  n_ubatch: 'uint32',
  n_seq_max: 'uint32',
  n_rs_seq: 'uint32',
  n_outputs_max: 'uint32',
  n_outputs_max_per_seq: 'uint32',
  n_threads: 'int32',
  n_threads_batch: 'int32',
  ctx_type: 'int32',
  rope_scaling_type: 'int32',
  pooling_type: 'int32',
  attention_type: 'int32',
  flash_attn_type: 'int32',
  rope_freq_base: 'float',
  rope_freq_scale: 'float',
  yarn_ext_factor: 'float',
  yarn_attn_factor: 'float',
  yarn_beta_fast: 'float',
  yarn_beta_slow: 'float',
  yarn_orig_ctx: 'uint32',
  defrag_thold: 'float',
  cb_eval: 'pointer',
  cb_eval_user_data: 'pointer',
  /** One of `cacheTypes`. */
  type_k: 'int32',
  type_v: 'int32',
  abort_callback: 'pointer',
  abort_callback_data: 'pointer',
  embeddings: 'bool',
  offload_kqv: 'bool',
  no_perf: 'bool',
  op_offload: 'bool',
  swa_full: 'bool',
  kv_unified: 'bool',
  samplers: 'pointer',
  n_samplers: 'size',
  ctx_other: 'pointer',
} as const satisfies Readonly<Record<string, FieldType>>;

/** `llama_batch`. */
export const batch = {
  n_tokens: 'int32',
  token: 'pointer',
  embd: 'pointer',
  pos: 'pointer',
  n_seq_id: 'pointer',
  seq_id: 'pointer',
  logits: 'pointer',
} as const satisfies Readonly<Record<string, FieldType>>;

/** `llama_load_mode` */
export const loadModes = { automatic: -1, read: 0, mapped: 1 } as const;

/** `ggml_type`, those that keys and values may have. */
export const cacheTypes = { f16: 1, q8_0: 8 } as const;

/** `llama_pooling_type` */
export const poolingTypes = { model: -1, none: 0, mean: 1, cls: 2, last: 3 } as const;

/** `llama_token_attr` */
export const tokenAttributes = { unknown: 1, unused: 2, normal: 4, control: 8, userDefined: 16, byte: 32 } as const;

/** `ggml_backend_dev_type`, in its order. */
export const deviceTypes = ['cpu', 'gpu', 'integrated-gpu', 'accelerator', 'meta'] as const;
