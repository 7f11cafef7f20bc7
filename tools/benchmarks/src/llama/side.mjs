// llama.cpp, measured in a process of its own.
import { serveSide } from '../serve-side.mjs';
import { LlamaModel } from './llama-model.mjs';

/** llama.cpp's default for both `n_batch` (as a minimum here) and `n_ubatch`. */
const batch = 512;
const models = new Map();
const contexts = new Map();
let threads = 1;

serveSide({
  /** @param {{ forms: { name: string, path: string }[], threads: number }} given */
  async load(given) {
    threads = given.threads;
    for (const { name, path } of given.forms) models.set(name, await LlamaModel.load(path));
    return LlamaModel.facts();
  },

  /** Milliseconds that reading `tokens` and choosing the next one takes. `room`: most tokens that the row will need. */
  async prefill({ form, tokens, room }) {
    const { context } = await contextOf(form, 1, room);
    context.truncate(0, 0);
    const started = performance.now();
    await context.read(0, tokens);
    return { ms: performance.now() - started };
  },

  /** Milliseconds that writing `count` tokens behind `tokens` takes, for each of `sequences` at once. */
  async decode({ form, sequences, tokens, count, room }) {
    const { context, state } = await contextOf(form, sequences, room);
    for (let at = 0; at < sequences && state.depth !== tokens.length; at++) {
      context.truncate(at, Math.min(state.depth, tokens.length));
      if (state.depth < tokens.length) await context.read(at, tokens.slice(state.depth));
    }
    state.depth = tokens.length;
    context.setThreads(form.threads ?? threads);
    let next = tokens.slice(0, sequences);
    const clock = {};
    const started = performance.now();
    for (let step = 0; step < count; step++) next = await context.write(next, clock);
    const ms = performance.now() - started;
    context.setThreads(threads);
    for (let at = 0; at < sequences; at++) context.truncate(at, tokens.length);
    return { ms, samplingMs: clock.sampling };
  },

  /** Frees all contexts; models stay. */
  async release() {
    for (const { context } of contexts.values()) await context.dispose();
    contexts.clear();
  },

  cpu: () => process.cpuUsage(),
});

/** A context of its own for each kind of work, made when it is needed first. */
async function contextOf(form, sequences, positions) {
  const key = `${form.model} ${form.flashAttention} ${sequences} ${positions}`;
  const known = contexts.get(key);
  if (known) return known;
  const model = models.get(form.model);
  const context = await model.createContext({
    threads,
    sequences,
    positions,
    batch,
    flashAttention: form.flashAttention,
  });
  const made = { context, state: { depth: 0 } };
  contexts.set(key, made);
  return made;
}
