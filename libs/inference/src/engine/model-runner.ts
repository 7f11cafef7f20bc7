import type { ChatMessage, ModelCard } from '../contract.js';

/** Computes. Never decides what to compute: that is the scheduler's work. */
export interface ModelRunner {
  readonly card: ModelCard;
  readonly tokenizer: Tokenizer;
  /** Caches that can exist at once; `createCache` throws beyond it. */
  readonly slots: number;
  /** Logits a token has: the vocabulary's size. */
  readonly vocabularySize: number;
  /**
   * Drafted tokens that a `write` item may carry behind the token that was written last. 0 when it takes none, or
   * when its caches can't be shortened.
   */
  readonly longestDraft: number;
  /**
   * Whether a token's logits are the same bits alone and in company, drafted or not, in any chunks. Else the last bits
   * differ, and a tie between two tokens may fall to the other one.
   */
  readonly exactRows: boolean;

  /** An empty cache, sized for one sequence. */
  createCache(): KvCache;

  /**
   * One forward pass over all items: appends each item's tokens to its cache. Returns, item by item, the logits
   * after each of the item's last `logitRows` tokens, in the order of the tokens (`[vocabularySize]` each, the
   * caller's to overwrite; the next pass may use their memory again). How items are joined into batches is the runner's secret.
   *
   * When `signal` aborts, the pass may end early by throwing the signal's reason; what the items' caches
   * hold is then unknown and they must be truncated to 0. The same counts for a pass that fails.
   */
  forward(
    items: readonly ForwardItem[],
    signal?: AbortSignal,
  ): Promise<readonly (readonly Float32Array<ArrayBufferLike>[])[]>;

  dispose(): Promise<void>;
}

/** One sequence's part of a forward pass. */
export interface ForwardItem {
  readonly cache: KvCache;
  /** Tokens to append; at least one. */
  readonly tokens: readonly number[];
  /**
   * `read`: tokens of a prompt. `write`: the token that was written last and, behind it, those that are drafted
   * to follow it. A runner may compute the two on different ways that round differently; the same tokens on the
   * same way give the same numbers where `exactRows` says so, whoever else is in the pass, wherever the reading began,
   * and whether a token was drafted or not.
   */
  readonly kind: 'read' | 'write';
  /** Of how many of its last tokens the logits are wanted; 0: of none. At most 1 + the runner's `longestDraft`. */
  readonly logitRows: number;
}

/** What the model remembers of one sequence. Opaque outside the runner that made it. */
export interface KvCache {
  /** Tokens remembered. */
  readonly length: number;
  /**
   * How many tokens are left when everything after `length` tokens is to be forgotten: `length` where keys and values of
   * each token are kept; where a model keeps one state that can't be taken back, all or nothing.
   */
  keepable(length: number): number;
  /** Forgets everything after `keepable(length)` tokens; returns how many that are. */
  truncate(length: number): number;
  dispose(): void;
}

/** Text to tokens and back, with the model's chat template. */
export interface Tokenizer {
  /** Tokens after which the model has finished. */
  readonly endTokens: ReadonlySet<number>;
  /**
   * Plain text to tokens: what looks like a control token is plain text too.
   *
   * @param most tokens that are of use. Making tokens takes time, in which nobody else is served; so a text that
   * certainly has more may be refused before, and one that turns out to have more than twice as many at that point.
   * @default no limit
   * @throws TooManyTokens
   */
  encode(text: string, most?: number): number[];
  /**
   * A conversation through the chat template; only the template's own text may become control tokens.
   *
   * @param most as for `encode`
   */
  encodeChat(messages: readonly ChatMessage[], most?: number): number[];
  /**
   * The bytes that a token stands for, in UTF-8; several tokens may share one character. Control tokens
   * have none.
   */
  tokenBytes(token: number): Uint8Array;
}
