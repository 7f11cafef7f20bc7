// mcli's runner, measured in a process of its own.
import { serveSide } from '../serve-side.mjs';
import { BareRunner } from './bare-runner.mjs';

/** @type {BareRunner} */
let runner;

serveSide({
  async load(given) {
    runner = await BareRunner.load(given);
    return { wasBuilt: runner.wasBuilt, buildMs: runner.buildMs, slots: runner.slots };
  },

  tokenize: ({ text }) => runner.tokenizer.encode(text),

  /** Milliseconds that reading `tokens` and choosing the next one takes. */
  async prefill({ tokens }) {
    runner.truncate(0, 0);
    const started = performance.now();
    await runner.read(0, tokens);
    return { ms: performance.now() - started };
  },

  /** Milliseconds that writing `count` tokens behind `tokens` takes, for each of `sequences` at once. */
  async decode({ sequences, tokens, count }) {
    for (let at = 0; at < sequences; at++) {
      const known = runner.lengthOf(at);
      if (known > tokens.length) runner.truncate(at, tokens.length);
      else if (known < tokens.length) await runner.read(at, tokens.slice(known));
    }
    let next = tokens.slice(0, sequences);
    const started = performance.now();
    for (let step = 0; step < count; step++) next = await runner.write(next);
    const ms = performance.now() - started;
    for (let at = 0; at < sequences; at++) runner.truncate(at, tokens.length);
    return { ms };
  },

  cpu: () => process.cpuUsage(),
});
