import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cache, root } from '../paths.mjs';
import { writeQ8 } from './write-q8.mjs';

/**
 * The forms in which llama.cpp computes the embedded model: the Q4_1 file as it is and Q8_0 made from it. Both keep
 * perplexity within 1.03 × of the fp32 weights; a re-quantised Q4_0 is faster and doesn't.
 *
 * @returns {Promise<{ files: { name: string, path: string }[], forms: LlamaForm[] }>}
 */
export async function prepareForms({ id, path, sha256 }, onProgress) {
  const q8 = join(cache, `${id}-${sha256.slice(0, 12)}.Q8_0.gguf`);
  if (!existsSync(q8)) {
    onProgress('Making Q8_0 from the embedded model (the first time only)');
    mkdirSync(cache, { recursive: true });
    const dist = (name) => import(pathToFileURL(join(root, 'libs/model-builder/dist', name)).href);
    const [{ openGguf }, { dequantize }] = [await dist('read/gguf-file.js'), await dist('passes/dequantize.js')];
    await writeQ8(path, q8, { openGguf, dequantize });
  }
  const files = [
    { name: 'Q4_1', path },
    { name: 'Q8_0', path: q8 },
  ];
  const forms = files.flatMap(({ name }) =>
    [false, true].map((flashAttention) => ({
      name: `${name}${flashAttention ? ', flash attention' : ''}`,
      model: name,
      flashAttention,
    })),
  );
  return { files, forms };
}

/**
 * The same with one thread. Node's addon makes its second thread anew for every token, and where that one starts on the
 * core of the first, both wait for each other; writing for one sequence is then faster without it. Reported beside the
 * comparison, which is made with the same number of threads for both programs.
 */
export function withOneThread(form) {
  return { ...form, name: `${form.name}, 1 thread`, threads: 1 };
}

/** @typedef {{ name: string, model: string, flashAttention: boolean, threads?: number }} LlamaForm */
