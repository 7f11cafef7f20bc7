import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { smollm2 } from './smollm2.js';

describe('smollm2', () => {
  it('carries the file whose size and SHA-256 it names', async () => {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(smollm2.path)) hash.update(chunk as Buffer);

    expect((await stat(smollm2.path)).size).toBe(smollm2.sizeBytes);
    expect(hash.digest('hex')).toBe(smollm2.sha256);
  });

  it('is a GGUF file of version 3', async () => {
    const file = await open(smollm2.path);
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 0);
    await file.close();

    expect(buffer.toString('latin1', 0, 4)).toBe('GGUF');
    expect(buffer.readUInt32LE(4)).toBe(3);
  });

  it('stays under the size that Git hosts accept', () => {
    expect(smollm2.sizeBytes).toBeLessThan(100_000_000);
  });
});
