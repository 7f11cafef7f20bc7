import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ModelBuildError } from '../model-build-error.js';
import { encodeGguf, tinyGguf, tinyModel } from '../testing/index.js';
import type { GgufContent } from '../testing/index.js';
import { openGguf } from './gguf-file.js';
import { readAt } from './read-at.js';

let folder: string;
const tiny = encodeGguf(tinyGguf(tinyModel({ layers: 1, hiddenSize: 16, feedForwardSize: 16, headSize: 8, heads: 2 })));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcli-gguf-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('openGguf', () => {
  it.each([2, 3])('reads version %i: metadata of all types, and where tensors stand', async (version) => {
    const bytes = Uint8Array.from({ length: 80 }, (_, i) => i);
    const content: GgufContent = {
      version,
      metadata: {
        'a.u32': ['u32', 4_000_000_000],
        'a.i32': ['i32', -5],
        'a.u64': ['u64', 2 ** 40],
        'a.f32': ['f32', 0.5],
        'a.bool': ['bool', true],
        'a.string': ['string', 'Grüße'],
        'a.list': ['string[]', ['x', '', 'z']],
        'a.numbers': ['f32[]', [1, -2.5]],
      },
      tensors: [
        { name: 'first', format: 'F32', shape: [3], bytes: bytes.subarray(0, 12) },
        { name: 'second', format: 'Q4_1', shape: [32, 2, 2], bytes },
      ],
    };
    const file = await openGguf(await aFile(encodeGguf(content)));
    const second = file.tensors.get('second');
    const read = new Uint8Array(80);
    readAt(file.fd, read, second?.offset ?? 0, file.label);
    await file.close();

    expect(file.version).toBe(version);
    expect(file.metadata.get('a.u32')).toBe(4_000_000_000);
    expect(file.metadata.get('a.i32')).toBe(-5);
    expect(file.metadata.integer('a.u64')).toBe(2 ** 40);
    expect(file.metadata.number('a.f32')).toBe(0.5);
    expect(file.metadata.boolean('a.bool')).toBe(true);
    expect(file.metadata.text('a.string')).toBe('Grüße');
    expect(file.metadata.texts('a.list')).toEqual(['x', '', 'z']);
    expect(file.metadata.numbers('a.numbers')).toEqual([1, -2.5]);
    expect(second).toMatchObject({ rows: 4, columns: 32, rowBytes: 20, byteLength: 80 });
    expect(read).toEqual(bytes);
  });

  it('refuses a value of another kind than asked for', async () => {
    const file = await openGguf(await aFile(encodeGguf({ metadata: { name: ['string', 'x'] }, tensors: [] })));
    await file.close();

    expect(() => file.metadata.integer('name')).toThrow('model.gguf: name is not an integer');
  });

  it('says when a file is no GGUF file, or of a kind that it does not read', async () => {
    await expectError(Buffer.from('PK\x03\x04 some zip file'), 'not_gguf', "does not start with 'GGUF'");
    await expectError(Buffer.alloc(0), 'not_gguf', "does not start with 'GGUF'");
    await expectError(patched(4, [1, 0, 0, 0]), 'not_gguf', 'version 1');
    await expectError(patched(4, [0, 0, 0, 3]), 'not_gguf', 'big-endian');
    await expect(openGguf(folder)).rejects.toMatchObject({ code: 'not_gguf' });
    await expect(openGguf(join(folder, 'nothing.gguf'))).rejects.toMatchObject({ code: 'io' });
  });

  it('refuses counts and lengths that the file has no room for, without allocating them', async () => {
    await expectError(patched(8, u64(2n ** 63n)), 'invalid_gguf', 'number of tensors');
    await expectError(patched(8, u64(2n ** 40n)), 'invalid_gguf', 'announces');
    await expectError(patched(8, u64(1_000_000n)), 'truncated', 'list of tensors');
    await expectError(patched(16, u64(2n ** 40n)), 'invalid_gguf', 'metadata keys');
    await expectError(patched(24, u64(2n ** 50n)), 'truncated', 'name of a metadata key');
    const list = encodeGguf({ metadata: { list: ['f32[]', [1]] }, tensors: [] });
    await expectError(patch(list, 24 + 8 + 4 + 4 + 4, u64(2n ** 23n)), 'truncated', 'list');
    await expectError(patch(list, 24 + 8 + 4 + 4 + 4, u64(2n ** 33n)), 'invalid_gguf', 'list');
  });

  it('refuses tensors that the file has no room for', async () => {
    await expectError(tiny.subarray(0, tiny.length - 64), 'truncated', 'but the file ends after');
    await expectError(aTensor({ shape: [2 ** 50, 2 ** 50] }), 'invalid_gguf', 'weight has the shape');
    await expectError(aTensor({ shape: [4, 0] }), 'invalid_gguf', 'weight has the shape 4 x 0');
    await expectError(aTensor({ shape: [2 ** 20] }), 'truncated', 'weight needs bytes');
    await expectError(aTensor({ shape: [] }), 'invalid_gguf', 'weight has 0 dimensions');
    await expectError(aTensor({ shape: [1, 1, 1, 1, 1] }), 'invalid_gguf', 'weight has 5 dimensions');
    await expectError(aTensor({ shape: [33], format: 'Q8_0' }), 'invalid_gguf', 'not a multiple of 32');
  });

  it('refuses what stands there twice', async () => {
    const [tensor] = tinyGguf(tinyModel({ layers: 1 })).tensors;
    if (!tensor) throw new Error('The tiny model has no tensors.');
    const [first, second] = [Buffer.from('key.one'), Buffer.from('key.two')];
    const keys = Buffer.from(encodeGguf({ metadata: { 'key.one': ['u32', 1], 'key.two': ['u32', 2] }, tensors: [] }));
    first.copy(keys, keys.indexOf(second));

    await expectError(encodeGguf({ metadata: {}, tensors: [tensor, tensor] }), 'invalid_gguf', 'two tensors');
    await expectError(keys, 'invalid_gguf', 'the metadata key key.one twice');
  });

  it('names a tensor whose format it does not read', async () => {
    const file = Buffer.from(aTensor({ shape: [4] }));
    file.writeUInt32LE(23, file.indexOf('weight') + 6 + 4 + 8);

    await expectError(file, 'unsupported_tensor_type', 'weight is stored as IQ4_XS');
  });

  it('refuses lists that are nested without end', async () => {
    const list = Buffer.concat(Array.from({ length: 50 }, () => Buffer.from([9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])));
    const head = Buffer.from(encodeGguf({ metadata: { k: ['u32', 9] }, tensors: [] })).subarray(0, 24 + 8 + 1);

    await expectError(Buffer.concat([head, Buffer.from([9, 0, 0, 0]), list]), 'invalid_gguf', 'lists deep');
  });

  it('ends every file cut short with an error of its own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: tiny.length - 33 }), async (length) => {
        const path = await aFile(tiny.subarray(0, length));
        await expect(openGguf(path)).rejects.toBeInstanceOf(ModelBuildError);
      }),
      { numRuns: 60 },
    );
  });

  it('survives every changed byte in the header', async () => {
    const change = fc.tuple(fc.integer({ min: 0, max: 6000 }), fc.uint8Array({ minLength: 1, maxLength: 8 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = Buffer.from(tiny);
        for (const [at, values] of changes) bytes.set(values, at);
        const error: unknown = await openGguf(await aFile(bytes)).then(
          (file) => file.close(),
          (reason: unknown) => reason,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(ModelBuildError);
      }),
      { numRuns: 150 },
    );
  });
});

async function aFile(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'model.gguf');
  await writeFile(path, bytes);
  return path;
}

async function expectError(bytes: Uint8Array, code: string, text: string): Promise<void> {
  const error: unknown = await openGguf(await aFile(bytes)).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code, message: expect.stringContaining(text) as unknown });
  expect((error as Error).message).not.toContain('\n');
}

function aTensor(change: { shape: readonly number[]; format?: 'F32' | 'Q8_0' }): Uint8Array {
  const { shape, format = 'F32' } = change;
  return encodeGguf({ metadata: {}, tensors: [{ name: 'weight', format, shape, bytes: new Uint8Array(64) }] });
}

function patched(at: number, values: ArrayLike<number>): Uint8Array {
  return patch(tiny, at, values);
}

function patch(bytes: Uint8Array, at: number, values: ArrayLike<number>): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

function u64(value: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(value).buffer);
}
