import { join } from 'node:path';
import { tinyTokens, writeTinyGguf } from '@mcli/model-builder/testing';
import { RunningMcli, temporaryHome } from './testing/mcli.js';

const small = ['--context', '256', '--slots', '1'];

describe("A model's file that is wrong about itself", () => {
  const home = temporaryHome();
  afterAll(() => home.remove());

  it('is served on ONNX Runtime, with a warning of each thing once at every start, built or not', async () => {
    const model = join(home.path, 'Wrong.gguf');
    await writeTinyGguf(model, {
      metadata: {
        'llama.context_length': ['u32', 4_194_304],
        'llama.attention.head_count_kv': ['i32[]', [2, 2]],
        'tokenizer.ggml.padding_token_id': ['u32', 2 ** 32 - 1],
        'tokenizer.ggml.token_type': [
          'i32[]',
          tinyTokens.map((text, id) => (text === '<|im_end|>' ? 4 : id < 3 ? 3 : 1)),
        ],
        'general.sampling.top_k': ['i32', -1],
        'general.sampling.penalty_repeat': ['f32', 0],
        'tokenizer.chat_template': ['string', '{{ .System }}'],
      },
    });
    for (const phase of ['first', 'second'] as const) {
      const server = await RunningMcli.start(home.path, [...small, '--engine', 'onnx', '--model', model]);
      const { origin } = server;
      const body = JSON.stringify({ prompt: 'Hi', max_tokens: 3 });
      const headers = { 'content-type': 'application/json' };
      const { status } = await fetch(`${origin}/models/wrong/generate`, { method: 'POST', headers, body });
      await server.stop();

      expect({ phase, status }).toEqual({ phase, status: 200 });
      expect(server.stderr.includes('converting')).toBe(phase === 'first');
      const warnings = server.log.filter(({ level }) => level === 'warn');
      expect(warnings.map(({ model: id, file }) => ({ id, file }))).toEqual(
        warnings.map(() => ({ id: 'wrong', file: 'Wrong.gguf' })),
      );
      expect(warnings.map(({ message }) => message)).toEqual([
        'llama.attention.head_count_kv is a list of 2 equal numbers: 2 is taken for every layer.',
        'llama.context_length is 4194304: the most that any model gets here is 262144.',
        `Taken for control tokens, though tokenizer.ggml.token_type doesn't mark them as such: "<|im_end|>".`,
        'tokenizer.ggml.padding_token_id is 4294967295, which is none of 264 tokens: the model is taken to have none.',
        'general.sampling.top_k is -1: it is taken for off.',
        "general.sampling.penalty_repeat is 0, which can't be followed: it is left out.",
        expect.stringMatching(/^The chat template can't be used, ChatML takes its place: ./),
      ]);
      expect(server.stderr).not.toMatch(/^\(node:/m);
    }
  });

  it('is served on llama.cpp, with a warning of what that takes from the file', async () => {
    const model = join(home.path, 'Odd.gguf');
    await writeTinyGguf(model, {
      metadata: { 'general.sampling.top_k': ['i32', -1], 'tokenizer.chat_template': ['string', '{{ .System }}'] },
    });
    const server = await RunningMcli.start(home.path, [...small, '--model', model]);
    await server.stop();
    const warnings = server.log.filter(({ level }) => level === 'warn');
    expect(warnings).toMatchObject([
      { model: 'odd', file: 'Odd.gguf', message: expect.stringMatching(/^The chat template can't be used/) },
      { model: 'odd', file: 'Odd.gguf', message: 'general.sampling.top_k is -1: it is taken for off.' },
    ]);
  }, 60_000);
});
