/** Events between one writer and one reader. The writer never waits; the reader gets all in order. */
export class EventQueue<T> implements AsyncIterable<T> {
  #events: T[] = [];
  #read = 0;
  #outcome: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  push(event: T): void {
    if (this.#outcome) return;
    this.#events.push(event);
    this.#wake?.();
  }

  /** No more events. The reader still gets those before. */
  end(): void {
    this.#close({});
  }

  /** The reader gets the events before, then the error is thrown. */
  fail(error: unknown): void {
    this.#close({ error });
  }

  /** The error is thrown at once; events that weren't read are dropped. */
  abort(error: unknown): void {
    if (this.#outcome && this.#read === this.#events.length) return;
    this.#events = [];
    this.#read = 0;
    this.#outcome = { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.#read < this.#events.length) {
        const event = this.#events[this.#read] as T;
        this.#read += 1;
        yield event;
      }
      this.#events = [];
      this.#read = 0;
      if (this.#outcome) {
        if ('error' in this.#outcome) throw this.#outcome.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #close(outcome: { readonly error?: unknown }): void {
    if (this.#outcome) return;
    this.#outcome = outcome;
    this.#wake?.();
  }
}
