import type { Usage } from '@mcli/inference';
import type { EndpointId } from './endpoint.js';
import type { Principal } from './principal.js';

/** What a request will cost at most, as far as that is known before it runs. */
export interface Estimate {
  readonly model: string;
  /** Length of all text of the prompt, in characters. */
  readonly promptCharacters: number;
  /** Most tokens of one answer; `undefined` is whatever context is left. */
  readonly maxTokens: number | undefined;
  /** Answers asked for. */
  readonly answers: number;
}

/** What a request has cost. */
export interface Settlement {
  readonly model: string;
  /** Of an unfinished request: what was counted so far. */
  readonly usage: Usage;
  readonly outcome: 'completed' | 'failed' | 'cancelled';
}

/** Called once for every request that was let through, before the last byte of its reply. */
export type Settle = (settlement: Settlement) => void | Promise<void>;

/**
 * Decides whether a generation may start now: rate limits, quotas, concurrency. Asked after the body was
 * checked, for generations only. Refuses by throwing an `ApiError` (`rate_limit_exceeded`,
 * `insufficient_quota`); returns what settles the account.
 */
export type Admit = (principal: Principal, endpoint: EndpointId, estimate: Estimate) => Promise<Settle>;
