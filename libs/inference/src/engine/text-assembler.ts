/** What a piece of output became. */
export interface AssembledText {
  /** Text that can be sent: whole characters that can't become part of a stop text any more. */
  readonly text: string;
  /** Whether a stop text was completed. Nothing after it is ever given out. */
  readonly stopped: boolean;
}

/**
 * Turns the bytes of tokens into text, piece by piece: nothing given out is ever taken back.
 *
 * Characters whose bytes are incomplete are held, and so is text that may become a stop text. Bytes that can't
 * become a character are U+FFFD, as in the WHATWG's decoder. The stop text that is completed first ends the text;
 * of several completed by the same character, the longest. So the result doesn't depend on how the text was cut
 * into tokens. The work for a token doesn't grow with the text.
 */
export class TextAssembler {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #stops: readonly string[];
  #held = '';
  #stopped = false;

  /** Empty stop texts, and those with half a surrogate pair, which no text holds, are ignored. */
  constructor(stops: readonly string[] = []) {
    this.#stops = stops.filter((stop) => stop !== '' && !/\p{Surrogate}/u.test(stop));
  }

  push(bytes: Uint8Array): AssembledText {
    return this.#take(this.#decoder.decode(bytes, { stream: true }), false);
  }

  /** The end: gives out what was held. */
  flush(): AssembledText {
    return this.#take(this.#decoder.decode(), true);
  }

  #take(added: string, isEnd: boolean): AssembledText {
    if (this.#stopped) return { text: '', stopped: true };
    const text = this.#held + added;
    const stop = this.#findStop(text);
    if (stop !== undefined) {
      this.#stopped = true;
      this.#held = '';
      return { text: text.slice(0, stop), stopped: true };
    }
    const safe = isEnd ? text.length : text.length - this.#countHeld(text);
    this.#held = text.slice(safe);
    return { text: text.slice(0, safe), stopped: false };
  }

  /** Where the stop text that is completed first begins. */
  #findStop(text: string): number | undefined {
    let start: number | undefined;
    let end = Infinity;
    for (const stop of this.#stops) {
      const at = text.indexOf(stop);
      if (at === -1) continue;
      const stopEnd = at + stop.length;
      if (stopEnd < end || (stopEnd === end && at < (start ?? 0))) [start, end] = [at, stopEnd];
    }
    return start;
  }

  /** How much of the end of `text` may be the beginning of a stop text. */
  #countHeld(text: string): number {
    let held = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > held; length -= 1) {
        if (text.endsWith(stop.slice(0, length))) held = length;
      }
    }
    return held;
  }
}
