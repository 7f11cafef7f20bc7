/** The tokens of a sequence, as samplers see them. Only ever grows. */
export interface TokenHistory {
  /** The prompt, then what was written. */
  readonly tokens: readonly number[];
  /** How many of `tokens` are the prompt. */
  readonly promptLength: number;
}

/** One link of the chain: edits the logits in place. A grammar, a penalty, a bias. Belongs to one sequence. */
export type LogitsProcessor = (logits: Float32Array, history: TokenHistory) => void;
