// llama.cpp alone, without anything of ours but the binding, measured in a process of its own.
import { loadLlamaCpp, packagesFor } from '@mcli/llama-cpp';
import { serveSide } from '../serve-side.mjs';
import { BareContext } from './bare-context.mjs';

const models = new Map();
const contexts = new Map();
/** The last prompt that was read by contexts of a kind: the others of that kind need not read it again. */
const prompts = new Map();

serveSide({
  /** @param {{ files: { name: string, path: string }[] }} given */
  async load({ files }) {
    // As where no GPU's package is installed.
    const library = await loadLlamaCpp({ packages: [...packagesFor()].reverse() });
    for (const { name, path } of files) models.set(name, await library.loadModel(path));
    return { version: library.version, package: library.package };
  },

  /** Milliseconds that reading `tokens` takes. `room`: most tokens that the row will need. */
  async prefill({ form, tokens, room }) {
    const { context } = await contextOf(form, 1, room);
    context.truncate(0, 0);
    return { ms: await context.read(0, tokens) };
  },

  /** Milliseconds that writing `count` tokens behind `tokens` takes, for each of `sequences` at once. */
  async decode({ form, sequences, tokens, count, room }) {
    const entry = await contextOf(form, sequences, room);
    const { context } = entry;
    if (entry.depth !== tokens.length) await fill(entry, form, sequences, tokens);
    let next = tokens.slice(0, sequences);
    let ms = 0;
    for (let step = 0; step < count; step++) {
      const written = await context.write(next);
      ms += written.ms;
      next = written.chosen;
    }
    for (let at = 0; at < sequences; at++) context.truncate(at, tokens.length);
    return { ms };
  },

  /** Frees all contexts; models stay. */
  async release() {
    for (const { context } of contexts.values()) await context.dispose();
    contexts.clear();
    prompts.clear();
  },
});

/** Lets all sequences hold `tokens`. */
async function fill(entry, form, sequences, tokens) {
  const { context } = entry;
  const kind = `${form.file} ${sequences}`;
  let prompt = prompts.get(kind);
  if (prompt?.length !== tokens.length) {
    context.truncate(0, 0);
    await context.read(0, tokens);
    prompt = { length: tokens.length, saved: await context.save(0) };
    prompts.set(kind, prompt);
  }
  for (let at = 0; at < sequences; at++) await context.restore(at, prompt.saved, tokens.length);
  entry.depth = tokens.length;
}

/** A context of its own for each kind of work, made when it is needed first. */
async function contextOf(form, sequences, positions) {
  const key = `${form.name} ${sequences} ${positions}`;
  const known = contexts.get(key);
  if (known) return known;
  const context = await BareContext.create(models.get(form.file), { threads: form.threads, sequences, positions });
  const made = { context, depth: 0 };
  contexts.set(key, made);
  return made;
}
