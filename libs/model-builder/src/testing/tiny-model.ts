/** The shape and the weights of a tiny model; all have defaults, so `{}` is a model. */
export interface TinyModelOptions {
  /** @default 'llama' */
  readonly architecture?: 'llama' | 'qwen2';
  /** @default 2 */
  readonly layers?: number;
  /** Query heads. @default 4 */
  readonly heads?: number;
  /** Key and value heads. @default 2 */
  readonly kvHeads?: number;
  /** @default 16 */
  readonly headSize?: number;
  /** @default 64 */
  readonly hiddenSize?: number;
  /** @default 96 */
  readonly feedForwardSize?: number;
  /** At least the tokenizer's 264 tokens. @default 264 */
  readonly vocabularySize?: number;
  /** @default 256 */
  readonly contextLength?: number;
  /** @default 10000 */
  readonly rotaryBase?: number;
  /** Linear scaling: positions are divided by this. @default 1 */
  readonly rotaryScale?: number;
  /** Divides each rotary frequency; `headSize / 2` numbers. @default none */
  readonly rotaryDivisors?: readonly number[];
  /** Whether the embedding is the head too. @default true */
  readonly tiedEmbeddings?: boolean;
  /** Which projections of attention have biases. @default 'none', for qwen2 'qkv' */
  readonly biases?: 'none' | 'qkv' | 'qkvo';
  /** Another seed, other weights. @default 1 */
  readonly seed?: number;
}

/** A model whose every weight follows from its seed. */
export interface TinyModel {
  readonly options: Required<Omit<TinyModelOptions, 'rotaryDivisors'>> & Pick<TinyModelOptions, 'rotaryDivisors'>;
  /** By the names that GGUF files use. Rotary pairs are in halves, as the models' authors store them. */
  readonly tensors: ReadonlyMap<string, TinyTensor>;
}

export interface TinyTensor {
  /** 1 for a vector. */
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/**
 * The weights of a tiny model. They are noise from an integer hash of seed, name and index, which any language computes
 * exactly; matrices keep the length of what they multiply about the same.
 */
export function tinyModel(options: TinyModelOptions = {}): TinyModel {
  const architecture = options.architecture ?? 'llama';
  const full = {
    architecture,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    headSize: 16,
    hiddenSize: 64,
    feedForwardSize: 96,
    vocabularySize: 264,
    contextLength: 256,
    rotaryBase: 10_000,
    rotaryScale: 1,
    tiedEmbeddings: true,
    biases: architecture === 'qwen2' ? 'qkv' : 'none',
    seed: 1,
    ...options,
  } as const;
  const tensors = new Map<string, TinyTensor>();
  const add = (name: string, rows: number, columns: number, scale: number, middle = 0): void => {
    tensors.set(name, { rows, columns, values: noise(full.seed, name, rows * columns, scale, middle) });
  };
  const matrix = (name: string, rows: number, columns: number): void =>
    add(name, rows, columns, Math.sqrt(12 / columns));
  const norm = (name: string): void => add(name, 1, full.hiddenSize, 1, 1);

  add('token_embd.weight', full.vocabularySize, full.hiddenSize, 1);
  if (!full.tiedEmbeddings) matrix('output.weight', full.vocabularySize, full.hiddenSize);
  norm('output_norm.weight');
  const queries = full.heads * full.headSize;
  const keys = full.kvHeads * full.headSize;
  for (let layer = 0; layer < full.layers; layer++) {
    const block = `blk.${layer}`;
    norm(`${block}.attn_norm.weight`);
    norm(`${block}.ffn_norm.weight`);
    const projections = { q: queries, k: keys, v: keys };
    for (const [name, rows] of Object.entries(projections)) {
      matrix(`${block}.attn_${name}.weight`, rows, full.hiddenSize);
      if (full.biases !== 'none') add(`${block}.attn_${name}.bias`, 1, rows, 1);
    }
    matrix(`${block}.attn_output.weight`, full.hiddenSize, queries);
    if (full.biases === 'qkvo') add(`${block}.attn_output.bias`, 1, full.hiddenSize, 1);
    matrix(`${block}.ffn_gate.weight`, full.feedForwardSize, full.hiddenSize);
    matrix(`${block}.ffn_up.weight`, full.feedForwardSize, full.hiddenSize);
    matrix(`${block}.ffn_down.weight`, full.hiddenSize, full.feedForwardSize);
  }
  return { options: full, tensors };
}

/** `middle` plus numbers between -`scale`/2 and `scale`/2; other seeds and names give other numbers. */
export function noise(seed: number, name: string, count: number, scale: number, middle: number): Float32Array {
  let start = 0x811c9dc5 ^ seed;
  for (const byte of Buffer.from(name)) start = Math.imul(start ^ byte, 0x01000193);
  return Float32Array.from(
    { length: count },
    (_, index) => middle + (mix((start + index) >>> 0) / 2 ** 32 - 0.5) * scale,
  );
}

// Looking up globals is slow where tests run.
const { imul } = Math;

/** The finaliser of MurmurHash3. */
function mix(bits: number): number {
  bits = imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
