import type { ChatMessage, ModelCard } from '../contract.js';

/** Computes. Never decides what to compute: that is the scheduler's work. */
export interface ModelRunner {
  readonly card: ModelCard;
  readonly tokenizer: Tokenizer;
  /** Caches that can exist at once; `createCache` throws beyond it. */
  readonly slots: number;
  /** Logits a token has: the vocabulary's size. */
  readonly vocabularySize: number;

  /** An empty cache, sized for one sequence. */
  createCache(): KvCache;

  /**
   * One forward pass over all items: appends each item's tokens to its cache. Returns, item by item, the
   * logits after the item's last token (`[vocabularySize]`, the caller's to overwrite), or `undefined` for
   * items that don't want them. How rows are joined into batches is the runner's secret.
   *
   * When `signal` aborts, the pass may end early by throwing the signal's reason; what the items' caches
   * hold is then unknown and they must be truncated to 0.
   */
  forward(
    items: readonly ForwardItem[],
    signal?: AbortSignal,
  ): Promise<readonly (Float32Array<ArrayBufferLike> | undefined)[]>;

  dispose(): Promise<void>;
}

/** One sequence's part of a forward pass. */
export interface ForwardItem {
  readonly cache: KvCache;
  /** Tokens to append; at least one. */
  readonly tokens: readonly number[];
  /**
   * `read`: tokens of a prompt. `write`: one token that the model wrote. A runner may compute the two on
   * different ways that round differently; the same tokens on the same way give the same numbers, whoever
   * else is in the pass and wherever the reading began.
   */
  readonly kind: 'read' | 'write';
  /** Whether the logits after the last token are needed. */
  readonly wantsLogits: boolean;
}

/** What the model remembers of one sequence. Opaque outside the runner that made it. */
export interface KvCache {
  /** Tokens remembered. */
  readonly length: number;
  /** Forgets everything after `length` tokens; `false` when this kind of model cannot. `0` always works. */
  truncate(length: number): boolean;
  dispose(): void;
}

/** Text to tokens and back, with the model's chat template. */
export interface Tokenizer {
  /** Tokens after which the model has finished. */
  readonly endTokens: ReadonlySet<number>;
  /** Plain text to tokens: what looks like a control token is plain text too. */
  encode(text: string): number[];
  /** A conversation through the chat template; only the template's own text may become control tokens. */
  encodeChat(messages: readonly ChatMessage[]): number[];
  /**
   * The bytes that a token stands for, in UTF-8; several tokens may share one character. Control tokens
   * have none.
   */
  tokenBytes(token: number): Uint8Array;
}
