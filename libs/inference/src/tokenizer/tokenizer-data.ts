/**
 * What a GGUF file says of its tokenizer (`tokenizer.*` in its metadata), as `tokenizer.json` of a built
 * model holds it. Token ids are indexes into `tokens`.
 */
export interface TokenizerData {
  /** `gpt2`: byte-level BPE with merges. `llama`: SentencePiece BPE with scores. */
  readonly model: string;
  /** Name of the pre-tokenizer, such as `smollm`; counts for `gpt2` only. */
  readonly pre?: string;
  readonly tokens: readonly string[];
  readonly scores?: readonly number[];
  /** 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte: GGUF's `token_type`. */
  readonly tokenTypes: readonly number[];
  /** Pairs joined by one space, the most important first. */
  readonly merges?: readonly string[];
  readonly bosToken?: number;
  readonly eosToken?: number;
  readonly unknownToken?: number;
  /** Whether a prompt starts with `bosToken`. */
  readonly addBos?: boolean;
  /** Whether text starts with a space that it doesn't have; counts for `llama` only. @default true */
  readonly addSpacePrefix?: boolean;
  readonly endTokens: readonly number[];
  /** Jinja source. */
  readonly chatTemplate?: string;
}

/** Values of `TokenizerData.tokenTypes`, as the GGUF format numbers them. */
export const tokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;
