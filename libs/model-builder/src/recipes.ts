/**
 * How one kind of matmul is stored and computed.
 *
 * - `float32`: 4 bytes a weight, computed as it is.
 * - `block32`: 8 bits a weight and one scale for 32 of a row; activations are rounded block by block too
 *   (`MatMulNBits`, `accuracy_level` 4). Rounds otherwise for one row than for several.
 * - `constant`: 8 bits a weight, one scale a row; activations are rounded to 8 bits with one constant scale. Only for
 *   inputs that come from an RMSNorm in a rotated model: their channels have unit variance. Integers inside, so that a
 *   row's result doesn't depend on other rows.
 * - `constant-pair`: the same with the activation in two 8-bit pieces, which are about 15 bits.
 * - `row`: as `constant`, with the largest magnitude of each activation row as its scale.
 * - `row-pair`: as `row`, in two pieces.
 *
 * Sources: per-token quantisation as in SmoothQuant (arXiv 2211.10438), rotation as in QuaRot (arXiv 2404.00456).
 */
export type MatmulForm = 'float32' | 'block32' | 'constant' | 'constant-pair' | 'row' | 'row-pair';

/** How the matmuls of a graph are stored and computed. */
export interface Matmuls {
  /** q, k and v, which read the normalised stream. */
  readonly attention: MatmulForm;
  /** gate and up, which do so too. */
  readonly feedForward: MatmulForm;
  /** Matmuls that write into the stream: the attention's output and down. */
  readonly branch: MatmulForm;
  /** The last matmul, which gives the logits. */
  readonly head: MatmulForm;
}

/** What a build makes of a model's weights and cache. */
export interface Recipe extends Matmuls {
  /** Whether norms are folded into the matrices behind them and the residual stream is rotated. */
  readonly rotate: boolean;
  /** What the graph that only reads computes otherwise. @default nothing */
  readonly reading?: Partial<Matmuls> | undefined;
  /** How the token embedding is stored. */
  readonly embedding: 'float32' | 'block32';
  /**
   * `float32`: one graph reads and writes. `int8`: keys and values are kept as 8-bit numbers with a constant scale for
   * each channel; a second graph reads prompts over a float32 copy of them, which is faster.
   */
  readonly cache: 'float32' | 'int8';
}

const float32 = {
  rotate: false,
  attention: 'float32',
  feedForward: 'float32',
  branch: 'float32',
  head: 'float32',
  embedding: 'float32',
  cache: 'float32',
} as const satisfies Recipe;
const block32 = {
  rotate: false,
  attention: 'block32',
  feedForward: 'block32',
  branch: 'block32',
  head: 'block32',
  embedding: 'block32',
  cache: 'float32',
} as const satisfies Recipe;
const byRow = {
  rotate: true,
  attention: 'row',
  feedForward: 'row-pair',
  branch: 'row-pair',
  head: 'row-pair',
  reading: { feedForward: 'row' },
  embedding: 'block32',
  cache: 'int8',
} as const satisfies Recipe;

/** The forms that can be asked for by name. */
export const recipes = {
  /** As precise as the source, 4 bytes a number. */
  float32,
  /** The same function, with norms folded and the stream rotated. */
  'float32-rotated': { ...float32, rotate: true },
  /** 8 bits in blocks of 32, about 1.1 bytes a number. */
  'int8-block32': block32,
  /**
   * 8 bits in rows over an 8-bit cache: the fastest that stays within a divergence of 0.008 from float32 on prose, code
   * and chat, and what is built by default. Two pieces of gate's and up's input count where the answer is written, not where
   * a prompt is read.
   */
  'int8-row': byRow,
  /** As `int8-row`, prompts read with constant scales: outside the bound on chat. */
  'int8-row-coarse-reading': { ...byRow, reading: { attention: 'constant', feedForward: 'constant', head: 'row' } },
  /** As `int8-row`, over a float32 cache, and reading as it writes. */
  'int8-row-float-cache': { ...byRow, cache: 'float32' },
  /** Faster and coarser: one piece and constant scales for what norms give. */
  'int8-row-constant': { ...byRow, attention: 'constant', feedForward: 'constant', head: 'constant', reading: {} },
  /** Faster and coarser: one piece everywhere. */
  'int8-row-single': { ...byRow, feedForward: 'row', branch: 'row', head: 'row', reading: { branch: 'row' } },
  /** Slower and finer: two pieces everywhere. */
  'int8-row-pairs': { ...byRow, attention: 'row-pair', reading: {} },
} as const satisfies Record<string, Recipe>;

/** Whether the graph that writes gives a row the same bits for one token and for several: integers inside. */
export function hasExactRows({ attention, feedForward, branch, head, cache }: Recipe): boolean {
  return (
    cache === 'int8' && [attention, feedForward, branch, head].every((form) => form !== 'float32' && form !== 'block32')
  );
}

/**
 * The same with activations in one piece, which is fine enough to see how large keys and values get (within one or two
 * hundredths for most channels, as often above as below) and takes half the time.
 */
export function inOnePiece(recipe: Recipe): Recipe {
  const single = (form: MatmulForm): MatmulForm =>
    form === 'row-pair' ? 'row' : form === 'constant-pair' ? 'constant' : form;
  const { attention, feedForward, branch, head } = recipe;
  return {
    ...recipe,
    attention: single(attention),
    feedForward: single(feedForward),
    branch: single(branch),
    head: single(head),
  };
}
