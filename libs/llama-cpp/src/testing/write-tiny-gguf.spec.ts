import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GgufContent, GgufEntry } from '@mcli/model-builder/testing';
import { dequantize, encodeGguf } from '@mcli/model-builder/testing';
import type { CorruptGgufFault, TinyArchitectureName, TinyFormat, TinyVocabularyName } from './index.js';
import { tinyArchitectures, tinyGguf, writeCorruptGguf, writeTinyGguf } from './index.js';

const architectures = Object.keys(tinyArchitectures) as TinyArchitectureName[];
const formats: readonly TinyFormat[] = ['F32', 'F16', 'Q8_0', 'Q4_K', 'Q6_K'];

/** Numbers and bytes of a block, and the number of the format in the file. Source: `ggml_type` of ggml. */
const layouts: Readonly<Record<TinyFormat, { id: number; size: number; bytes: number }>> = {
  F32: { id: 0, size: 1, bytes: 4 },
  F16: { id: 1, size: 1, bytes: 2 },
  Q8_0: { id: 8, size: 32, bytes: 34 },
  Q4_K: { id: 12, size: 256, bytes: 144 },
  Q6_K: { id: 14, size: 256, bytes: 210 },
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-tiny-gguf-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('writeTinyGguf', () => {
  it.each(architectures)('writes a header, aligned tensors and whole blocks: %s', (architecture) => {
    for (const format of formats) {
      const content = tinyGguf(architecture, { format });
      const bytes = Buffer.from(encodeGguf(content));
      const tensors = tensorsIn(bytes, content);

      expect(bytes.toString('latin1', 0, 4)).toBe('GGUF');
      expect(bytes.readUInt32LE(4)).toBe(3);
      expect(Number(bytes.readBigUInt64LE(8))).toBe(content.tensors.length);
      expect(Number(bytes.readBigUInt64LE(16))).toBe(Object.keys(content.metadata).length);
      expect(bytes.length).toBeLessThan(2 * 2 ** 20);
      expect(tensors.some(({ id }) => id === layouts[format].id)).toBe(true);
      let end = 0;
      for (const { name, shape, id, offset } of tensors) {
        const layout = Object.values(layouts).find((candidate) => candidate.id === id) ?? layouts.F32;
        const count = shape.reduce((product, size) => product * size, 1);
        expect({ name, offset, rest: (shape[0] ?? 0) % layout.size }).toEqual({ name, offset: end, rest: 0 });
        end = Math.ceil((offset + (count / layout.size) * layout.bytes) / 32) * 32;
      }
      expect(new Set(tensors.map(({ name }) => name)).size).toBe(tensors.length);
    }
  });

  it.each(architectures)('has no weight that is not a number, and none alike in two tensors: %s', (architecture) => {
    for (const { format, shape, bytes } of tinyGguf(architecture, { format: 'Q8_0' }).tensors) {
      const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
      dequantize(format, bytes, values);
      expect(values.every(Number.isFinite)).toBe(true);
      expect(new Set(values).size).toBeGreaterThan(8);
    }
    const starts = tinyGguf(architecture).tensors.map(({ bytes }) => Buffer.from(bytes).toString('hex', 0, 16));
    expect(new Set(starts).size).toBe(starts.length);
  });

  it('writes them to a file', async () => {
    const path = join(folder, 'tiny.gguf');
    await writeTinyGguf(path, 'gemma3', { format: 'F16' });
    expect((await readFile(path)).equals(encodeGguf(tinyGguf('gemma3', { format: 'F16' })))).toBe(true);
  });

  it('writes the same bytes for the same seed only', () => {
    const bytes = (seed?: number) => Buffer.from(encodeGguf(tinyGguf('llama', { seed })));
    expect(bytes().equals(bytes(1))).toBe(true);
    expect(bytes(2).equals(bytes(1))).toBe(false);
  });

  it('adds metadata and replaces it', () => {
    const metadata: Record<string, GgufEntry> = {
      'general.name': ['string', 'Other'],
      'llama.rope.scaling.factor': ['f32', 2],
    };
    expect(tinyGguf('llama', { metadata }).metadata).toMatchObject(metadata);
  });
});

describe('vocabularies', () => {
  it.each<TinyVocabularyName>(['bpe', 'sentencepiece', 'wordpiece'])('has one embedding for each token: %s', (name) => {
    const { metadata, tensors } = tinyGguf('llama', { vocabulary: name });
    const tokens = metadata['tokenizer.ggml.tokens']?.[1] as readonly string[];
    const types = metadata['tokenizer.ggml.token_type']?.[1] as readonly number[];

    expect(new Set(tokens).size).toBe(tokens.length);
    expect(types).toHaveLength(tokens.length);
    expect(tensors.find((tensor) => tensor.name === 'token_embd.weight')?.shape).toEqual([64, tokens.length]);
  });

  it.each<TinyVocabularyName>(['bpe', 'sentencepiece'])('ends an answer with a control token: %s', (name) => {
    const { metadata } = tinyGguf('llama', { vocabulary: name });
    const tokens = metadata['tokenizer.ggml.tokens']?.[1] as readonly string[];
    const types = metadata['tokenizer.ggml.token_type']?.[1] as readonly number[];
    const end = metadata['tokenizer.ggml.eos_token_id']?.[1] as number;

    expect(tokens[end]).toBe('<|im_end|>');
    expect([types[end], types[tokens.indexOf('<|im_start|>')]]).toEqual([3, 3]);
    expect(metadata['tokenizer.chat_template']?.[1]).toContain('<|im_start|>assistant');
  });

  it('has all bytes and a score for each token in the manner of SentencePiece', () => {
    const { metadata } = tinyGguf('gemma3');
    const types = metadata['tokenizer.ggml.token_type']?.[1] as readonly number[];

    expect(metadata['tokenizer.ggml.scores']?.[1]).toHaveLength(types.length);
    expect(types.filter((type) => type === 6)).toHaveLength(256);
  });
});

describe('writeCorruptGguf', () => {
  it.each<CorruptGgufFault>(['load', 'context', 'decode'])('writes a file whose header is whole: %s', async (fault) => {
    const path = join(folder, `corrupt-${fault}.gguf`);
    await writeCorruptGguf(path, fault);
    const bytes = await readFile(path);
    const sound = encodeGguf(tinyGguf(fault === 'decode' ? 'phi3' : 'qwen2'));

    expect(bytes.toString('latin1', 0, 4)).toBe('GGUF');
    expect(bytes.readBigUInt64LE(8)).toBe(Buffer.from(sound).readBigUInt64LE(8));
    expect(bytes.equals(sound)).toBe(false);
  });
});

interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly id: number;
  /** From the first tensor's start. */
  readonly offset: number;
}

/** Reads the list of tensors, which ends the header, from the first tensor's name on; data follow at the next multiple of 32. */
function tensorsIn(bytes: Buffer, { tensors }: GgufContent): StoredTensor[] {
  const first = Buffer.from(tensors[0]?.name ?? '');
  let at = bytes.indexOf(Buffer.concat([Buffer.from(BigUint64Array.of(BigInt(first.length)).buffer), first]));
  const u64 = (): number => Number(bytes.readBigUInt64LE((at += 8) - 8));
  const u32 = (): number => bytes.readUInt32LE((at += 4) - 4);
  const stored = tensors.map((): StoredTensor => {
    const length = u64();
    const name = bytes.toString('utf8', at, (at += length));
    const shape = Array.from({ length: u32() }, u64);
    return { name, shape, id: u32(), offset: u64() };
  });
  const data = Math.ceil(at / 32) * 32;
  expect(stored.map(({ name }) => name)).toEqual(tensors.map(({ name }) => name));
  for (const [i, { offset }] of stored.entries()) {
    const expected = Buffer.from(tensors[i]?.bytes ?? []);
    expect(bytes.subarray(data + offset, data + offset + expected.length).equals(expected)).toBe(true);
  }
  return stored;
}
