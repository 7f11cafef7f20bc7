// Compares forms of the model with its fp32 weights, in one process: token by token, so that no logits are kept.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadLlamaCppRunner } from '@mcli/inference/llama-cpp';
import { calibrationTokens, createTokenizer, loadOnnxRunner } from '@mcli/inference/onnx';
import { buildKey, buildModel, defaultForm } from '@mcli/model-builder';
import { smollm2 } from '@mcli/model-smollm2';
import { serveSide } from '../serve-side.mjs';
import { Divergence, likeliest } from './divergence.mjs';
import { code, prose, questions } from './texts.mjs';

/** As the scheduler reads. */
const chunkTokens = 256;
/** Rows of logits that the reference computes at once: it need not go the way that is served. */
const referenceRows = 16;

/** Tokens that are written for one measurement of speed. */
const written = 48;

let reference;
let forms = [];

serveSide({
  /** `names`: our forms; `files`: GGUF files for llama.cpp, which is left to choose its threads. */
  async load({ directory, threads, context, names = [defaultForm], files = [] }) {
    const load = async (name) => {
      const path = join(directory, await buildKey(smollm2.path, name));
      const calibration = (data) => calibrationTokens(createTokenizer(data));
      if (!existsSync(path)) await buildModel({ source: smollm2.path, directory: path, weights: name, calibration });
      return loadOnnxRunner({ id: smollm2.id, directory: path, threads, context, slots: 1 });
    };
    reference = await load('float32');
    forms = [];
    for (const name of names) forms.push({ name, runner: await load(name) });
    for (const { name, path } of files) {
      const { runner } = await loadLlamaCppRunner({ id: name, path, context, slots: 1, gpuLayers: 0 });
      forms.push({ name, runner });
    }
  },

  /** Windows of a text: `read` tokens are read, the `count` after them compared. */
  async text({ kind, windows, read, count }) {
    const tokens = reference.tokenizer.encode(kind === 'code' ? code() : prose());
    const last = tokens.length - read - count;
    if (last < 0) throw new Error(`the text for ${kind} has only ${tokens.length} tokens`);
    return compare(
      Array.from({ length: windows }, (_, at) => {
        const from = Math.floor((at * last) / Math.max(1, windows - 1));
        return { tokens: tokens.slice(from, from + read + count), read };
      }),
    );
  },

  /** Tokens per second of each form, by turns: reading 512 tokens, then writing some. */
  async speed({ rounds }) {
    const tokens = reference.tokenizer.encode(code()).slice(0, 512);
    const found = Object.fromEntries(forms.map(({ name }) => [name, { prefill: [], decode: [] }]));
    for (let round = 0; round < rounds; round++) {
      for (const { name, runner } of forms) {
        const cache = runner.createCache();
        const started = performance.now();
        for (let from = 0; from < tokens.length; from += chunkTokens) {
          const part = tokens.slice(from, from + chunkTokens);
          await runner.forward([{ cache, tokens: part, kind: 'read', logitRows: from + chunkTokens < 512 ? 0 : 1 }]);
        }
        const read = performance.now();
        for (let at = 0; at < written; at++) {
          await runner.forward([{ cache, tokens: tokens.slice(at, at + 1), kind: 'write', logitRows: 1 }]);
        }
        found[name].prefill.push((1000 * tokens.length) / (read - started));
        found[name].decode.push((1000 * written) / (performance.now() - read));
        cache.dispose();
      }
    }
    return found;
  },

  /** The reference's greedy answers, and what the forms would have said at each of their tokens. */
  async chat({ most }) {
    const texts = [];
    for (const question of questions) {
      const prompt = reference.tokenizer.encodeChat([{ role: 'user', content: question }]);
      texts.push({ tokens: [...prompt, ...(await answer(prompt, most))], read: prompt.length });
    }
    return compare(texts);
  },
});

async function answer(prompt, most) {
  const cache = reference.createCache();
  const written = [];
  let item = { cache, tokens: prompt, kind: 'read', logitRows: 1 };
  while (written.length < most && !reference.tokenizer.endTokens.has(written.at(-1))) {
    const [[logits]] = await reference.forward([item]);
    written.push(likeliest(logits));
    item = { cache, tokens: written.slice(-1), kind: 'write', logitRows: 1 };
  }
  cache.dispose();
  return written;
}

async function compare(texts) {
  const sums = new Map(forms.map(({ name }) => [name, new Divergence()]));
  for (const { tokens, read } of texts) {
    const all = [{ runner: reference }, ...forms].map((form) => ({ ...form, cache: form.runner.createCache() }));
    for (const { runner, cache } of all) {
      // The last token of a prompt gives the first logits that are compared, by reading; the others by writing.
      for (let from = 0; from < read - 1; from += chunkTokens) {
        const part = tokens.slice(from, Math.min(from + chunkTokens, read - 1));
        await runner.forward([{ cache, tokens: part, kind: 'read', logitRows: 0 }]);
      }
    }
    for (let at = read - 1; at < tokens.length - 1; at += referenceRows) {
      const part = tokens.slice(at, Math.min(at + referenceRows, tokens.length - 1));
      const [expected] = await reference.forward([
        { cache: all[0].cache, tokens: part, kind: 'write', logitRows: part.length },
      ]);
      for (const { name, runner, cache } of all.slice(1)) {
        for (const [index, token] of part.entries()) {
          const kind = at + index < read ? 'read' : 'write';
          const [[logits]] = await runner.forward([{ cache, tokens: [token], kind, logitRows: 1 }]);
          sums.get(name).add(expected[index], logits, tokens[at + index + 1]);
        }
      }
    }
    for (const { cache } of all) cache.dispose();
  }
  return Object.fromEntries([...sums].map(([name, sum]) => [name, sum.result()]));
}
