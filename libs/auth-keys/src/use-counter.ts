import type { ApiKeyStore } from './key-store.js';

const STORE_AFTER_MS = 1000;

/** Gathers the uses of keys in memory and stores them about once a second, so that no check waits for a disk. */
export class UseCounter {
  readonly #store: ApiKeyStore;
  readonly #onFailure: (error: unknown) => void;
  #pending = new Map<string, { uses: number; lastUsedAt: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: ApiKeyStore, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#onFailure = onFailure;
  }

  count(id: string, now: number): void {
    this.#add(id, 1, now);
    this.#timer ??= setTimeout(() => this.flush().catch(this.#onFailure), STORE_AFTER_MS).unref();
  }

  /** Stores what was counted so far. What can't be stored is kept for the next time. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = [...this.#pending];
    this.#pending = new Map();
    const results = await Promise.allSettled(
      pending.map(([id, { uses, lastUsedAt }]) => this.#store.addUses(id, uses, lastUsedAt)),
    );
    let failure: PromiseRejectedResult | undefined;
    for (const [index, result] of results.entries()) {
      const entry = pending[index];
      if (result.status === 'fulfilled' || entry === undefined) continue;
      failure = result;
      this.#add(entry[0], entry[1].uses, entry[1].lastUsedAt);
    }
    if (failure !== undefined) throw failure.reason;
  }

  #add(id: string, uses: number, lastUsedAt: number): void {
    const before = this.#pending.get(id);
    this.#pending.set(id, {
      uses: (before?.uses ?? 0) + uses,
      lastUsedAt: Math.max(before?.lastUsedAt ?? 0, lastUsedAt),
    });
  }
}
