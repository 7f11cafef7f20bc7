import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IntegerWeights, Runtime, Session, Tensor } from '@mcli/ort';
import { loadRuntime, selfTest } from '@mcli/ort';
import { buildModel } from './build-model.js';
import type { BuiltModel } from './built-model.js';
import type { CalibratedForm, WeightsForm } from './model-manifest.js';
import { referenceLogits, writeTinyGguf } from './testing/index.js';
import type { TinyGgufOptions, TinyModel } from './testing/index.js';

interface Golden {
  readonly tokens: readonly number[];
  readonly positions: readonly number[];
  readonly cases: Readonly<Record<string, { logits: number[][]; frequencyDivisors: number[] }>>;
}

const golden = JSON.parse(await readFile(new URL('../golden/logits.json', import.meta.url), 'utf8')) as Golden;
const goldenModels: Readonly<Record<string, TinyGgufOptions>> = {
  llama: {},
  'llama with a head of its own': { tiedEmbeddings: false },
  'llama with biases': { biases: 'qkvo' },
  'llama with linear scaling': { rotaryScale: 4 },
  'llama 3.1 scaling': { rotaryDivisors: golden.cases['llama 3.1 scaling']?.frequencyDivisors ?? [] },
  qwen2: { architecture: 'qwen2' },
};

let folder: string;
let runtime: Runtime;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-graph-'));
  runtime = await loadRuntime();
});

afterAll(async () => {
  await runtime.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe('a built graph with float32 weights', () => {
  it.each(Object.keys(goldenModels))('gives the logits of the reference implementation: %s', async (name) => {
    const { graph } = await aGraph(goldenModels[name]);
    const wanted = golden.positions.map((position) => [0, position] as const);
    const logits = await graph.run([golden.tokens], [0], wanted);

    golden.cases[name]?.logits.forEach((expected, index) =>
      expect(distance(logits[index], expected)).toBeLessThan(1e-3),
    );
  });

  it('gives the same logits for a prompt in one piece, in chunks and token by token', async () => {
    const { graph, model } = await aGraph({ seed: 7 });
    const tokens = someTokens(37);
    const expected = referenceLogits(model, tokens)[36];

    const [whole] = await graph.run([tokens], [0], [[0, 36]]);
    await graph.run([tokens.slice(0, 16)], [0], [[0, 15]]);
    await graph.run([tokens.slice(16, 32)], [16], []);
    const [chunked] = await graph.run([tokens.slice(32)], [32], [[0, 4]]);
    let single: Float32Array | undefined;
    for (const [position, token] of tokens.entries()) [single] = await graph.run([[token]], [position], [[0, 0]]);

    for (const logits of [whole, chunked, single]) expect(distance(logits, expected)).toBeLessThan(1e-3);
  });

  it('decodes rows of different lengths together', async () => {
    const { graph, model } = await aGraph({ seed: 3 }, { rows: 3 });
    const texts = [someTokens(5), someTokens(29), someTokens(12)];
    await graph.run(
      texts.map((text) => pad(text.slice(0, -1), 28)),
      [0, 0, 0],
      [],
      [4, 28, 11],
    );
    const logits = await graph.run(
      texts.map((text) => text.slice(-1)),
      [4, 28, 11],
      [
        [0, 0],
        [1, 0],
        [2, 0],
      ],
    );

    texts.forEach((text, row) => expect(distance(logits[row], referenceLogits(model, text).at(-1))).toBeLessThan(1e-3));
  });

  it('reads prompts of different lengths in one pass', async () => {
    const { graph, model } = await aGraph({ seed: 4 }, { rows: 2 });
    const texts = [someTokens(9), someTokens(21)];
    const logits = await graph.run(
      texts.map((text) => pad(text, 21)),
      [0, 0],
      [
        [0, 8],
        [1, 20],
      ],
      [9, 21],
    );

    texts.forEach((text, row) => expect(distance(logits[row], referenceLogits(model, text).at(-1))).toBeLessThan(1e-3));
  });

  it('gives logits for the positions asked for, in their order', async () => {
    const { graph, model } = await aGraph({ layers: 1 });
    const tokens = someTokens(10);
    const expected = referenceLogits(model, tokens);
    const logits = await graph.run(
      [tokens],
      [0],
      [
        [0, 7],
        [0, 2],
        [0, 9],
      ],
    );

    [7, 2, 9].forEach((position, row) => expect(distance(logits[row], expected[position])).toBeLessThan(1e-3));
  });

  it('appends to the cache in place, and reads again from where it was cut off', async () => {
    const { graph, model } = await aGraph({ seed: 5 });
    const first = someTokens(20);
    const second = [...first.slice(0, 11), 99, 98];
    await graph.run([first], [0], []);
    const [logits] = await graph.run([second.slice(11)], [11], [[0, 1]]);

    expect(distance(logits, referenceLogits(model, second).at(-1))).toBeLessThan(1e-3);
  });

  it('holds as many positions as the context has', async () => {
    const { graph, model } = await aGraph({ contextLength: 48 }, { positions: 48 });
    const tokens = someTokens(48);
    const [logits] = await graph.run([tokens], [0], [[0, 47]]);

    expect(distance(logits, referenceLogits(model, tokens).at(-1))).toBeLessThan(1e-3);
  });

  it.each(['F16', 'BF16', 'Q8_0'] as const)('reads matrices that are stored as %s', async (format) => {
    const { graph, model } = await aGraph({ format });
    const tokens = someTokens(8);
    const [logits] = await graph.run([tokens], [0], [[0, 7]]);

    expect(similarity(logits, referenceLogits(model, tokens).at(-1))).toBeGreaterThan(0.999);
  });
});

describe('a built graph with 8-bit weights', () => {
  it.each([{ tiedEmbeddings: true }, { tiedEmbeddings: false }])('stays close to float32: %j', async (options) => {
    const { graph, model } = await aGraph(options, { weights: 'int8-block32' });
    const tokens = someTokens(30);
    const expected = referenceLogits(model, tokens);
    const logits = await graph.run(
      [tokens],
      [0],
      [
        [0, 0],
        [0, 29],
      ],
    );

    expect(similarity(logits[0], expected[0])).toBeGreaterThan(0.999);
    expect(similarity(logits[1], expected[29])).toBeGreaterThan(0.999);
  });

  it('runs a pass that wants no logits', async () => {
    const { graph, model } = await aGraph({}, { weights: 'int8-block32' });
    const tokens = someTokens(12);
    await graph.run([tokens.slice(0, 11)], [0], []);
    const [logits] = await graph.run([tokens.slice(11)], [11], [[0, 0]]);

    expect(similarity(logits, referenceLogits(model, tokens).at(-1))).toBeGreaterThan(0.999);
  });

  it('keeps matrices in float32 whose rows are no whole number of blocks', async () => {
    const { graph, model } = await aGraph({ hiddenSize: 48, feedForwardSize: 80 }, { weights: 'int8-block32' });
    const tokens = someTokens(12);
    const [logits] = await graph.run([tokens], [0], [[0, 11]]);

    expect(similarity(logits, referenceLogits(model, tokens).at(-1))).toBeGreaterThan(0.999);
  });
});

describe('a rotated graph', () => {
  it.each(Object.keys(goldenModels))('computes the same function: %s', async (name) => {
    const { graph, model } = await aGraph(goldenModels[name], { weights: 'float32-rotated' });
    const tokens = someTokens(40);
    const wanted = [0, 1, 20, 39].map((position) => [0, position] as const);
    const expected = referenceLogits(model, tokens);

    const logits = await graph.run([tokens], [0], wanted);
    for (const [index, [, position]] of wanted.entries()) {
      expect(distance(logits[index], expected[position])).toBeLessThan(1e-4);
    }
  });

  it.each(['int8', 'uint8'] as const)('stays close with 8-bit rows of %s, where they are exact', async (integers) => {
    if (integers === 'int8' && (await selfTest(runtime)).saturates) {
      console.log('Not tested: int8 rows, which this processor multiplies inexactly.');
      return;
    }
    const { graph, model } = await aGraph({ seed: 4 }, { weights: 'int8-row-float-cache', integers });
    const tokens = someTokens(30);
    const [logits] = await graph.run([tokens], [0], [[0, 29]]);

    expect(similarity(logits, referenceLogits(model, tokens).at(-1))).toBeGreaterThan(0.999);
  });

  it('gives the same bits with int8 and with uint8 rows, unless int8 saturates', async () => {
    const logits: (Float32Array | undefined)[] = [];
    for (const integers of ['int8', 'uint8'] as const) {
      const { graph } = await aGraph({ seed: 6, biases: 'qkvo' }, { weights: 'int8-row-float-cache', integers });
      logits.push((await graph.run([someTokens(23)], [0], [[0, 22]]))[0]);
    }
    if ((await selfTest(runtime)).saturates) expect(similarity(logits[0], logits[1])).toBeGreaterThan(0.9);
    else expect(logits[0]).toEqual(logits[1]);
  });
});

interface GraphOptions {
  readonly weights?: Exclude<WeightsForm, CalibratedForm>;
  readonly integers?: IntegerWeights;
  readonly rows?: number;
  readonly positions?: number;
}

/** A tiny model, and a session over the graph that was built from its file. */
async function aGraph(
  options: TinyGgufOptions = {},
  { weights = 'float32', integers, rows = 1, positions = 64 }: GraphOptions = {},
): Promise<{ graph: Graph; model: TinyModel }> {
  const directory = await mkdtemp(join(folder, 'build-'));
  const source = join(directory, 'tiny.gguf');
  const model = await writeTinyGguf(source, options);
  const built = await buildModel({ source, directory: join(directory, 'built'), weights, integers });
  const session = await runtime.createSession(built.writePath, { threads: 1 });
  return { graph: new Graph(session, built, rows, positions), model };
}

class Graph {
  readonly #session: Session;
  readonly #built: BuiltModel;
  readonly #cache = new Map<string, Tensor>();

  constructor(session: Session, built: BuiltModel, rows: number, positions: number) {
    this.#session = session;
    this.#built = built;
    const { layers, kvHeads, headSize } = built.manifest;
    for (let layer = 0; layer < layers; layer++) {
      for (const kind of ['key', 'value']) {
        this.#cache.set(`${layer}.${kind}`, runtime.allocate('float32', [rows, kvHeads, positions, headSize]));
      }
    }
  }

  /** Appends a text to each row, of which `past` tokens were seen; `lengths` of them count where texts are padded. */
  async run(
    texts: readonly (readonly number[])[],
    past: readonly number[],
    wanted: readonly (readonly [row: number, position: number])[],
    lengths: readonly number[] = texts.map((text) => text.length),
  ): Promise<Float32Array[]> {
    const totals = lengths.map((length, row) => length + (past[row] ?? 0));
    const size = this.#built.manifest.vocabularySize;
    const logits = runtime.allocate('float32', [wanted.length, size]);
    const binding = this.#session.createBinding();
    binding.bindInput('input_ids', int64([texts.length, texts[0]?.length ?? 0], texts.flat()));
    binding.bindInput(
      'seqlens_k',
      int32(
        [texts.length],
        totals.map((total) => total - 1),
      ),
    );
    binding.bindInput('total_sequence_length', int32([], [Math.max(...totals)]));
    binding.bindInput('logit_positions', int64([wanted.length, 2], wanted.flat()));
    binding.bindOutput('logits', logits);
    for (const [name, tensor] of this.#cache) {
      binding.bindInput(`past_key_values.${name}`, tensor);
      binding.bindOutput(`present_key_values.${name}`, tensor);
    }
    await this.#session.run(binding);
    binding.dispose();
    return wanted.map((_, row) => logits.data.slice(row * size, (row + 1) * size));
  }
}

function int64(dims: readonly number[], values: readonly number[]): Tensor {
  const tensor = runtime.allocate('int64', dims);
  tensor.data.set(values.map(BigInt));
  return tensor;
}

function int32(dims: readonly number[], values: readonly number[]): Tensor {
  const tensor = runtime.allocate('int32', dims);
  tensor.data.set(values);
  return tensor;
}

function someTokens(count: number): number[] {
  return Array.from({ length: count }, (_, index) => (index * 89 + 31) % 264);
}

function pad(text: readonly number[], length: number): number[] {
  return [...text, ...Array.from({ length: length - text.length }, () => 0)];
}

/** The largest difference; infinite when there is nothing to compare. */
function distance(found: ArrayLike<number> | undefined, expected: ArrayLike<number> | undefined): number {
  if (!found || !expected || found.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Math.max(...Array.from(found, (value, index) => Math.abs(value - (expected[index] ?? Number.NaN))));
}

/** The cosine of the angle between two lists. */
function similarity(found: ArrayLike<number> | undefined, expected: ArrayLike<number> | undefined): number {
  const a = Array.from(found ?? []);
  const b = Array.from(expected ?? []);
  const product = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}
