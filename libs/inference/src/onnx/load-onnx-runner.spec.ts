import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { writeTinyGguf } from '@mcli/model-builder/testing';
import { loadOnnxRunner } from './load-onnx-runner.js';
import { LocalModelStore } from './local-model-store.js';

jest.setTimeout(60_000);

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-load-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('loadOnnxRunner', () => {
  it('tells each thing that was put right once, when the model is built and when it was built before', async () => {
    await writeTinyGguf(join(folder, 'tiny.gguf'), {
      metadata: {
        'tokenizer.ggml.padding_token_id': ['i32', -1],
        'general.sampling.top_k': ['i32', -1],
        'tokenizer.chat_template': ['string', '{{ .System }}'],
      },
    });
    const expected = [
      expect.stringContaining('padding_token_id is -1'),
      expect.stringContaining('top_k is -1'),
      expect.stringContaining("The chat template can't be used"),
    ];
    expect(await warningsOf()).toEqual(expected);
    expect(await warningsOf()).toEqual(expected);
  });

  it('says nothing of a file that is right', async () => {
    await writeTinyGguf(join(folder, 'tiny.gguf'));
    expect(await warningsOf()).toEqual([]);
  });
});

/** What is told at a start, from the file on. */
async function warningsOf(): Promise<readonly string[]> {
  const warnings: string[] = [];
  const store = new LocalModelStore({ models: [{ id: 'tiny', path: join(folder, 'tiny.gguf') }], directory: folder });
  const { id, path: directory } = await store.resolve('tiny');
  const runner = await loadOnnxRunner({
    id,
    directory,
    context: 64,
    slots: 1,
    threads: 1,
    onWarning: (message) => warnings.push(message),
  });
  await runner.dispose();
  return warnings;
}
