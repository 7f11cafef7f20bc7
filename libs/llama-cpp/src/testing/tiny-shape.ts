/** The sizes of a tiny model, the same for every architecture; each uses those it knows. */
export interface TinyShape {
  readonly layers: number;
  readonly hiddenSize: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads, where an architecture has fewer of them. */
  readonly kvHeads: number;
  /** `hiddenSize / heads`, which some architectures insist on. */
  readonly headSize: number;
  /** Of an expert where there are experts. */
  readonly feedForwardSize: number;
  readonly vocabularySize: number;
  /** Tokens that the model claims to be trained for; where positions are learnt, their number. */
  readonly contextLength: number;
  /** Tokens that a layer with a window sees, itself included. */
  readonly slidingWindow: number;
  /** Of `n` layers after one another the last sees everything, the others have the window; 0: all have it. */
  readonly slidingWindowPattern: number;
  readonly experts: number;
  readonly expertsUsed: number;
}

/** A tensor that is filled with noise: even between `middle - width / 2` and `middle + width / 2`. */
export interface TensorPlan {
  readonly name: string;
  /** Innermost dimension first. */
  readonly shape: readonly number[];
  readonly middle: number;
  readonly width: number;
  /** Whether the weights' format applies. llama.cpp takes some matrices in F32 only. */
  readonly formatted: boolean;
}

/**
 * The gain of what a sublayer adds. More than 1, because with tied embeddings a token would be followed by itself
 * otherwise.
 */
export const outputGain = 4;

/** The gain of queries: more than 1, or attention would see no differences. */
export const queryGain = 3;

/** A matrix whose product with a vector is about `gain` times as long as the vector. */
export function matrix(name: string, columns: number, rows: number, gain = 1): TensorPlan {
  return { name, shape: [columns, rows], middle: 0, width: gain * Math.sqrt(12 / columns), formatted: true };
}

/** Vectors of tokens or positions: the shorter the more numbers they have, or a token would be followed by itself. */
export function embedding(name: string, hiddenSize: number, rows: number): TensorPlan {
  return { ...matrix(name, hiddenSize, rows), width: 64 / hiddenSize };
}

/** One matrix an expert. */
export function expertMatrices(name: string, columns: number, rows: number, experts: number, gain = 1): TensorPlan {
  return { ...matrix(name, columns, rows, gain), shape: [columns, rows, experts] };
}

/** Always F32. `width` is small for biases, which would make all answers alike. */
export function vector(name: string, size: number, middle: number, width = middle === 0 ? 0.1 : 1): TensorPlan {
  return { name, shape: [size], middle, width, formatted: false };
}
