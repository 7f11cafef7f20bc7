import { mkdir, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { BuildProgress } from './build-model.js';
import { buildKey } from './build-key.js';
import { buildModel } from './build-model.js';
import { readBuiltModel } from './built-model.js';
import { ModelBuildError } from './model-build-error.js';
import type { TokenizerDescription } from './read/tokenizer-description.js';
import { encodeGguf, tinyGguf, tinyModel, tinyTokens, writeGguf, writeTinyGguf } from './testing/index.js';
import type { GgufEntry, GgufTensor, TinyGgufOptions } from './testing/index.js';

const calibration = () => [Array.from({ length: 200 }, (_, at) => (at * 89 + 31) % 264)];

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-build-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('buildModel', () => {
  it('says in the manifest what a runner needs', async () => {
    const { manifest, directory, writePath, readPath, tokenizerPath } = await build({
      metadata: {
        'general.sampling.temp': ['f32', 0.2],
        'general.sampling.top_p': ['f32', 0.9],
        'general.sampling.top_k': ['i32', 40],
      },
    });

    expect(manifest).toMatchObject({
      architecture: 'llama',
      name: 'Tiny',
      layers: 2,
      heads: 4,
      kvHeads: 2,
      headSize: 16,
      hiddenSize: 64,
      vocabularySize: 264,
      contextLength: 256,
      weights: 'int8-row',
      cache: 'int8',
      exactRows: true,
      recommendedSampling: { temperature: 0.2, topP: 0.9, topK: 40 },
    });
    expect(writePath).toBe(join(directory, manifest.graphs.write));
    expect(readPath).toBe(join(directory, manifest.graphs.read ?? ''));
    expect(tokenizerPath).toBe(join(directory, manifest.tokenizer));
    expect((await readdir(directory)).sort()).toEqual(['manifest.json', ...Object.keys(manifest.files)].sort());
  });

  it('keeps the tokenizer in a shape of its own', async () => {
    const { tokenizerPath } = await build({ metadata: { 'tokenizer.ggml.eot_token_id': ['u32', 17] } });
    const tokenizer = JSON.parse(await readFile(tokenizerPath, 'utf8')) as TokenizerDescription;

    expect(tokenizer).toMatchObject({ model: 'gpt2', pre: 'smollm', bosToken: 1, eosToken: 2, addBos: false });
    expect(tokenizer.tokens).toEqual(tinyTokens);
    expect(tokenizer.merges?.[3]).toBe('Ġt he');
    expect(tokenizer.endTokens).toEqual([0, 2, 17]);
    expect(tokenizer.chatTemplate).toContain('add_generation_prompt');
  });

  it('gives the same bytes for the same file', async () => {
    const [one, other] = [await build({}), await build({})];

    for (const name of Object.keys(one.manifest.files)) {
      const [a, b] = await Promise.all([one, other].map(({ directory }) => readFile(join(directory, name))));
      expect(a?.equals(b ?? Buffer.alloc(0))).toBe(true);
    }
  });

  it('stores an embedding that is the head too once', async () => {
    const weights = 'int8-block32';
    const tied = await build({ tiedEmbeddings: true }, { weights });
    const untied = await build({ tiedEmbeddings: false }, { weights });
    const [a, b] = [tied, untied].map(({ manifest }) => manifest.files['model.onnx.data'] ?? 0);

    expect((b ?? 0) - (a ?? 0)).toBeGreaterThanOrEqual(264 * 64);
  });

  it('needs texts to calibrate an 8-bit cache', async () => {
    await expect(build({}, { calibration: undefined })).rejects.toThrow(TypeError);
    expect(await readdir(folder)).toEqual(['tiny.gguf']);
  });

  it('tells how far it is', async () => {
    const progress: BuildProgress[] = [];
    await build({}, { onProgress: (step) => progress.push(step) });
    const phases = progress.map(({ phase }) => phase);

    expect([...new Set(phases)]).toEqual(['read', 'weights', 'calibrate', 'finish']);
    expect(progress.every(({ done, total }) => done <= total)).toBe(true);
    expect(progress.at(-1)).toEqual({ phase: 'finish', done: 1, total: 1 });
  });

  it.each([
    ['an empty folder', {}],
    ['what is left of a build', { 'manifest.json': '{}', 'model.onnx': '' }],
  ])('replaces %s that is there, and leaves nothing beside it', async (_, files) => {
    const directory = join(folder, 'built');
    await mkdir(directory);
    for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
    const { manifest } = await build({}, { directory });

    expect((await readBuiltModel(directory)).manifest).toEqual(manifest);
    expect((await readdir(folder)).sort()).toEqual(['built', 'tiny.gguf']);
  });

  it('never replaces a folder of somebody else', async () => {
    const directory = join(folder, 'models');
    await mkdir(directory);
    await writeFile(join(directory, 'my-model.gguf'), 'precious');

    await expect(build({}, { directory })).rejects.toMatchObject({ code: 'io' });
    expect(await readFile(join(directory, 'my-model.gguf'), 'utf8')).toBe('precious');
    expect((await readdir(folder)).sort()).toEqual(['models', 'tiny.gguf']);
  });

  it('replaces the build of another file by this one', async () => {
    const first = await build({ seed: 1 });
    const second = await build({ seed: 2 });
    const found = await readBuiltModel(second.directory);

    expect(second.directory).toBe(first.directory);
    expect(found.manifest.key).not.toBe(first.manifest.key);
    expect(found.manifest.key).toBe(await buildKey(join(folder, 'tiny.gguf'), 'int8-row'));
  });

  it('lets several builds of one folder race', async () => {
    const source = join(folder, 'tiny.gguf');
    await writeTinyGguf(source);
    const directory = join(folder, 'built');
    await Promise.all([1, 2, 3].map(() => buildModel({ source, directory, calibration })));

    expect((await readBuiltModel(directory)).manifest.architecture).toBe('llama');
    expect((await readdir(folder)).sort()).toEqual(['built', 'tiny.gguf']);
  });

  it('leaves nothing behind when it is cancelled', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const building = build(
      {},
      { signal: stop.signal, onProgress: ({ phase }) => phase === 'weights' && stop.abort(reason) },
    );

    await expect(building).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual(['tiny.gguf']);
  });

  it('leaves nothing behind when the file is damaged, and keeps the build that was there', async () => {
    const { directory, manifest } = await build({});
    await truncate(join(folder, 'tiny.gguf'), 200_000);
    const building = buildModel({ source: join(folder, 'tiny.gguf'), directory, calibration });

    await expect(building).rejects.toMatchObject({
      code: 'truncated',
      message: expect.stringContaining('blk.') as unknown,
    });
    expect((await readdir(folder)).sort()).toEqual(['built', 'tiny.gguf']);
    expect((await readBuiltModel(directory)).manifest).toEqual(manifest);
  });

  it('says that it cannot write', async () => {
    await writeFile(join(folder, 'file'), '');

    await expect(build({}, { directory: join(folder, 'file', 'built') })).rejects.toMatchObject({ code: 'io' });
  });

  it.each<[string, Record<string, GgufEntry>, string, string]>([
    ['another kind of model', { 'general.architecture': ['string', 'gemma3'] }, 'unsupported_architecture', "'gemma3'"],
    [
      'a name that every object has',
      { 'general.architecture': ['string', 'constructor'] },
      'unsupported_architecture',
      "'constructor'",
    ],
    ['experts', { 'llama.expert_count': ['u32', 8] }, 'unsupported_architecture', 'experts'],
    ['yarn', { 'llama.rope.scaling.type': ['string', 'yarn'] }, 'unsupported_architecture', "'yarn'"],
    ['a part of a model', { 'split.count': ['u32', 3] }, 'unsupported_architecture', '3 parts'],
    ['odd heads', { 'llama.attention.key_length': ['u32', 12] }, 'unsupported_architecture', '12 key'],
    ['heads that do not divide', { 'llama.attention.head_count_kv': ['u32', 3] }, 'invalid_gguf', '4 query heads'],
    ['a context beyond reason', { 'llama.context_length': ['u32', 2 ** 31] }, 'invalid_gguf', 'context_length'],
    ['fewer layers than there are', { 'llama.block_count': ['u32', 1] }, 'unsupported_architecture', 'tensor blk.1.'],
    ['a size of another type', { 'llama.block_count': ['string', '2'] }, 'invalid_gguf', 'block_count'],
    ['more layers than there are', { 'llama.block_count': ['u32', 3] }, 'invalid_gguf', 'tensor blk.2.'],
    [
      'matrices of another shape',
      { 'llama.feed_forward_length': ['u32', 64] },
      'invalid_gguf',
      'blk.0.ffn_gate.weight',
    ],
    ['too few tokens', { 'tokenizer.ggml.tokens': ['string[]', ['a']] }, 'invalid_gguf', '1 entries for 264 tokens'],
    ['a negative epsilon', { 'llama.attention.layer_norm_rms_epsilon': ['f32', -1] }, 'invalid_gguf', 'epsilon'],
  ])('refuses %s in one line', async (_, metadata, code, text) => {
    const error: unknown = await build({ metadata }).catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code, message: expect.stringContaining(text) as unknown });
    expect((error as Error).message).toMatch(/^tiny\.gguf: [^\n]+$/);
    expect(await readdir(folder)).toEqual(['tiny.gguf']);
  });

  it.each(['output.bias', 'output_norm.bias', 'blk.0.attn_q_norm.weight', 'blk.1.post_attention_norm.weight'])(
    'refuses weights that its graph leaves out, such as %s, by name',
    async (name) => {
      const { metadata, tensors } = tinyGguf(tinyModel());
      const extra: GgufTensor = { name, format: 'F32', shape: [64], bytes: new Uint8Array(256) };
      const source = join(folder, 'tiny.gguf');
      await writeGguf(source, { metadata, tensors: [...tensors, extra] });

      await expect(buildModel({ source, directory: join(folder, 'built'), calibration })).rejects.toMatchObject({
        code: 'unsupported_architecture',
        message: expect.stringContaining(`the tensor ${name},`) as unknown,
      });
    },
  );

  it('leaves out the rotary frequencies that old converters kept for each layer', async () => {
    const { metadata, tensors } = tinyGguf(tinyModel());
    const name = 'blk.0.attn_rot_embd';
    const extra: GgufTensor = { name, format: 'F32', shape: [8], bytes: new Uint8Array(32) };
    const source = join(folder, 'tiny.gguf');
    await writeGguf(source, { metadata, tensors: [...tensors, extra] });
    const { manifest } = await buildModel({ source, directory: join(folder, 'built'), calibration });

    expect(manifest.layers).toBe(2);
    expect(manifest.warnings).toEqual([`Tensors that follow from the metadata are left out: ${name}.`]);
  });

  it('takes lists of equal numbers for one number, and no other lists', async () => {
    const list = (values: readonly number[]): GgufEntry => ['i32[]', values];
    const equal = {
      'llama.attention.head_count': list([4, 4]),
      'llama.attention.head_count_kv': list([2, 2]),
      'llama.feed_forward_length': list([96, 96]),
    };
    const { manifest } = await build({ metadata: equal });

    expect(manifest).toMatchObject({ heads: 4, kvHeads: 2 });
    expect(manifest.warnings).toEqual(
      [
        ['attention.head_count', 4],
        ['attention.head_count_kv', 2],
        ['feed_forward_length', 96],
      ].map(([name, value]) => `llama.${name} is a list of 2 equal numbers: ${value} is taken for every layer.`),
    );
    await expect(build({ metadata: { 'llama.attention.head_count_kv': list([2, 1]) } })).rejects.toMatchObject({
      code: 'unsupported_architecture',
      message: expect.stringContaining('head_count_kv differs from layer to layer') as unknown,
    });
    for (const broken of [list([]), ['f32[]', [1.5]], ['string[]', ['2']]] as GgufEntry[]) {
      await expect(build({ metadata: { 'llama.feed_forward_length': broken } })).rejects.toMatchObject({
        code: 'invalid_gguf',
      });
    }
  });

  it('keeps in the manifest what it put right, each thing once and nothing of a file that is right', async () => {
    expect((await build({})).manifest.warnings).toEqual([]);

    const { directory, manifest } = await build({
      metadata: { 'tokenizer.ggml.padding_token_id': ['i32', -1], 'general.sampling.top_k': ['i32', -1] },
    });
    expect(manifest.warnings).toEqual([
      expect.stringMatching(/^tokenizer\.ggml\.padding_token_id is -1, .+\.$/),
      expect.stringMatching(/^general\.sampling\.top_k is -1: .+\.$/),
    ]);
    expect((await readBuiltModel(directory)).manifest.warnings).toEqual(manifest.warnings);
  });

  it('warns of an epsilon that is missing', async () => {
    const { metadata, tensors } = tinyGguf(tinyModel());
    const { 'llama.attention.layer_norm_rms_epsilon': _, ...rest } = metadata;
    const source = join(folder, 'tiny.gguf');
    await writeGguf(source, { metadata: rest, tensors });
    const { manifest } = await buildModel({ source, directory: join(folder, 'built'), calibration });

    expect(manifest.warnings).toEqual(['llama.attention.layer_norm_rms_epsilon is missing: 0.00001 is taken.']);
  });

  it('serves 262,144 positions of a model that announces more', async () => {
    const { manifest } = await build({ contextLength: 2 ** 22 });

    expect(manifest.contextLength).toBe(2 ** 18);
    expect(manifest.warnings).toEqual([
      'llama.context_length is 4194304: the most that any model gets here is 262144.',
    ]);
    expect(manifest.files['model.onnx.data']).toBeLessThan(2 ** 18 * 64 + 1e6);
  });

  it('asks for the texts to calibrate with before it converts weights, so that what they throw comes early', async () => {
    const phases: string[] = [];
    const reason = new Error('no such tokenizer');
    const building = build(
      {},
      {
        calibration: () => {
          throw reason;
        },
        onProgress: ({ phase }) => phases.push(phase),
      },
    );

    await expect(building).rejects.toBe(reason);
    expect(new Set(phases)).toEqual(new Set(['read']));
    expect(await readdir(folder)).toEqual(['tiny.gguf']);
  });

  it('survives changed bytes anywhere in the header', async () => {
    const source = join(folder, 'tiny.gguf');
    const bytes = encodeGguf(
      tinyGguf(tinyModel({ layers: 1, hiddenSize: 16, feedForwardSize: 16, headSize: 8, heads: 2, kvHeads: 1 })),
    );
    const change = fc.tuple(fc.integer({ min: 0, max: 9000 }), fc.uint8Array({ minLength: 1, maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const changed = bytes.slice();
        for (const [at, values] of changes) changed.set(values, at);
        await writeFile(source, changed);
        const directory = join(folder, 'built');
        const error: unknown = await buildModel({ source, directory, calibration }).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(ModelBuildError);
        expect((await readdir(folder)).filter((name) => name.includes('.tmp-'))).toEqual([]);
      }),
      { numRuns: 80 },
    );
  }, 60_000);
});

describe('readBuiltModel', () => {
  it.each(['model.onnx', 'model.onnx.data', 'tokenizer.json'])('says that %s was cut short', async (name) => {
    const { directory } = await build({});
    await truncate(join(directory, name), 10);

    await expect(readBuiltModel(directory)).rejects.toMatchObject({
      code: 'invalid_gguf',
      message: expect.stringContaining(`${name} has 10 bytes`) as unknown,
    });
  });

  it('tells a missing build, a build without manifest and a build of another version apart from a whole one', async () => {
    const { directory, manifest } = await build({});
    const path = join(directory, 'manifest.json');
    await expect(readBuiltModel(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'io' });
    await writeFile(path, JSON.stringify({ ...manifest, builderVersion: 0 }));
    await expect(readBuiltModel(directory)).rejects.toMatchObject({ code: 'invalid_gguf' });
    for (const text of ['{"builder', 'null', '[]', JSON.stringify({ builderVersion: manifest.builderVersion })]) {
      await writeFile(path, text);
      await expect(readBuiltModel(directory)).rejects.toMatchObject({ code: 'invalid_gguf' });
    }
    await rm(path);
    await expect(readBuiltModel(directory)).rejects.toMatchObject({ code: 'io' });
  });
});

async function build(
  options: TinyGgufOptions,
  more: Partial<Parameters<typeof buildModel>[0]> = {},
): ReturnType<typeof buildModel> {
  const source = join(folder, 'tiny.gguf');
  await writeTinyGguf(source, options);
  return buildModel({ source, directory: join(folder, 'built'), calibration, ...more });
}
