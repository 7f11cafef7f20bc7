import { join } from 'node:path';
import { billionShape, readTokenizerEntries, writeRandomGguf } from '@mcli/model-builder/testing';
import { smollm2 } from '@mcli/model-smollm2';
import { billionId } from '../names.mjs';
import { cache } from '../paths.mjs';
import { writeOnce } from './write-once.mjs';
import { writeQ8 } from './write-q8.mjs';

/**
 * A model that is measured.
 *
 * @typedef {object} BenchmarkModel
 * @property {string} id as `--models` and requests name it
 * @property {string} title
 * @property {string} path its GGUF file
 * @property {boolean} isEmbedded
 * @property {{ name: string, path: string }[]} files what llama.cpp may run: the file, and others of the same weights that
 * keep perplexity within 1.03 × of the fp32 weights
 */

/** Of the file that `billionShape` gives: for the percentage alone. */
const billionBytes = 669e6;

/**
 * The model with its files, made where they are missing.
 *
 * @param {string} id one of `modelIds` of `names.mjs`
 * @param {(text: string) => void} progress
 * @returns {Promise<BenchmarkModel>}
 */
export function prepareModel(id, progress) {
  return id === billionId ? prepareBillion(progress) : prepareEmbedded(progress);
}

/** The embedded Q4_1 file as it is, and Q8_0 made from it. A re-quantised Q4_0 is faster, and isn't within 1.03 ×. */
async function prepareEmbedded(progress) {
  const { id, path, sha256 } = smollm2;
  const q8 = await writeOnce(
    join(cache, `${id}-${sha256.slice(0, 12)}.Q8_0.gguf`),
    (partial) => writeQ8(path, partial),
    { title: 'Making Q8_0 from the embedded model', progress },
  );
  const files = [
    { name: 'Q4_1', path },
    { name: 'Q8_0', path: q8 },
  ];
  return { id, title: 'SmolLM2 135M', path, isEmbedded: true, files };
}

/** A Llama of 1.07 billion random weights with the embedded model's tokenizer: for speed alone. */
async function prepareBillion(progress) {
  const path = await writeOnce(
    join(cache, `${billionId}.Q4_K_M.gguf`),
    async (partial) =>
      writeRandomGguf(partial, { ...billionShape, tokenizer: await readTokenizerEntries(smollm2.path) }),
    { title: 'Writing a model of a billion random weights', bytes: billionBytes, progress },
  );
  return { id: billionId, title: 'Llama 1B', path, isEmbedded: false, files: [{ name: 'Q4_K_M', path }] };
}
