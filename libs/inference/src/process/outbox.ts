import { setImmediate as turn } from 'node:timers/promises';
import type { Delivery } from './messages.js';

/**
 * Sends deliveries in batches: those of one turn of the event loop together, and while a batch is on its way, all
 * that come meanwhile.
 */
export class Outbox {
  readonly #send: (deliveries: readonly Delivery[]) => Promise<void>;
  #pending: Delivery[] = [];
  #flushing: Promise<void> | undefined;

  constructor(send: (deliveries: readonly Delivery[]) => Promise<void>) {
    this.#send = send;
  }

  post(delivery: Delivery): void {
    this.#pending.push(delivery);
    this.#flushing ??= this.#flush();
  }

  /** Resolves when everything posted so far has been sent. */
  async drained(): Promise<void> {
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    while (this.#pending.length > 0) {
      await turn();
      const deliveries = this.#pending;
      this.#pending = [];
      await this.#send(deliveries);
    }
    this.#flushing = undefined;
  }
}
