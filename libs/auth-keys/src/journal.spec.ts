import fs, { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal } from './journal.js';
import type { JournalIo } from './journal.js';

const HEADER = '{"format":"test"}';
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcli-journal-'));
  writeFileSync(file(), '');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const file = () => join(folder, 'journal');
const durable = { durable: true };
const unavailable = expect.objectContaining({ code: 'storage_unavailable' });

describe('Journal', () => {
  it('has every appended line again', () => {
    const journal = open();
    journal.append({ n: 1 }, durable);
    journal.append({ n: 2 }, { durable: false });
    journal.close();
    expect(linesOf(file())).toEqual([JSON.parse(HEADER), { n: 1 }, { n: 2 }]);
  });

  it('goes on when the system writes only a part at a time', () => {
    const journal = open({
      writeSync: writing((file, bytes, offset, length, at) =>
        fs.writeSync(file, bytes, offset, Math.min(length, 3), at),
      ),
    });
    journal.append({ text: 'longer than three bytes' }, durable);
    journal.close();
    expect(linesOf(file())).toEqual([JSON.parse(HEADER), { text: 'longer than three bytes' }]);
  });

  it.each([0, 1, 5, 11])('leaves no half line when the disk is full after %i bytes', (room) => {
    const disk = new FullDisk();
    const journal = open({ writeSync: disk.writeSync });
    journal.append({ n: 1 }, durable);
    disk.room = room;
    expect(() => journal.append({ text: 'too long' }, durable)).toThrow(unavailable);
    expect(readFileSync(file(), 'utf8')).toBe(`${HEADER}\n{"n":1}\n`);
    disk.room = Infinity;
    journal.append({ n: 2 }, durable);
    journal.close();
    expect(linesOf(file())).toEqual([JSON.parse(HEADER), { n: 1 }, { n: 2 }]);
  });

  it('writes nothing more when a half line cannot be cut off', () => {
    const disk = new FullDisk();
    const journal = open({ writeSync: disk.writeSync, ftruncateSync: failing('EIO') });
    disk.room = 4;
    expect(() => journal.append({ n: 1 }, durable)).toThrow(unavailable);
    disk.room = Infinity;
    expect(() => journal.append({ n: 2 }, durable)).toThrow(unavailable);
    journal.close();
    expect(linesOf(file())).toEqual([JSON.parse(HEADER)]);
  });

  it('acknowledges nothing after a failed sync', () => {
    let fails = false;
    const journal = open({ fsyncSync: (file) => (fails ? failing('EIO')() : fs.fsyncSync(file)) });
    journal.append({ n: 1 }, durable);
    fails = true;
    expect(() => journal.append({ n: 2 }, durable)).toThrow(unavailable);
    fails = false;
    expect(() => journal.append({ n: 3 }, durable)).toThrow(unavailable);
    journal.close();
    expect(linesOf(file())).toEqual([JSON.parse(HEADER), { n: 1 }]);
  });

  it('keeps the old file when it cannot be written anew', () => {
    const disk = new FullDisk();
    const journal = open({ writeSync: disk.writeSync });
    journal.append({ n: 1 }, durable);
    disk.room = 20;
    expect(() => journal.rewrite([{ n: 1 }])).toThrow(unavailable);
    disk.room = Infinity;
    journal.append({ n: 2 }, durable);
    journal.close();
    expect(fs.readdirSync(folder)).toEqual(['journal']);
    expect(linesOf(file())).toEqual([JSON.parse(HEADER), { n: 1 }, { n: 2 }]);
  });

  it('goes on in the new file after it was written anew', () => {
    const journal = open();
    for (let n = 0; n < 10; n++) journal.append({ n }, durable);
    journal.rewrite([{ n: 9 }]);
    journal.append({ n: 10 }, durable);
    expect(journal.lines).toBe(3);
    journal.close();
    expect(linesOf(file())).toEqual([JSON.parse(HEADER), { n: 9 }, { n: 10 }]);
  });

  it('cannot be written after it was closed', () => {
    const journal = open();
    journal.close();
    expect(() => journal.append({ n: 1 }, durable)).toThrow(unavailable);
    expect(() => journal.rewrite([])).toThrow(unavailable);
  });
});

function open(io: Partial<JournalIo> = {}): Journal {
  const nothing = () => undefined;
  return new Journal(file(), HEADER, nothing, nothing, { ...fs, ...io });
}

function linesOf(path: string): unknown[] {
  const lines: unknown[] = [];
  const journal = new Journal(
    path,
    HEADER,
    (value) => lines.push(value),
    () => undefined,
  );
  journal.close();
  return lines;
}

type Write = (file: number, bytes: Uint8Array, offset: number, length: number, at: number) => number;

/** Gives a `writeSync` of the one form that the journal uses. */
function writing(write: Write): JournalIo['writeSync'] {
  return (file: number, bytes: unknown, offset: unknown, length: unknown, at?: unknown) => {
    if (!(bytes instanceof Uint8Array)) throw new TypeError('bytes expected');
    return write(file, bytes, Number(offset), Number(length), Number(at));
  };
}

function failing(code: string): () => never {
  return () => {
    throw Object.assign(new Error(`${code}: told to fail`), { code });
  };
}

/** As a full disk does it: a short count first, an error the next time. */
class FullDisk {
  room = Infinity;
  readonly writeSync = writing((file, bytes, offset, length, at) => {
    if (this.room === 0) failing('ENOSPC')();
    const written = fs.writeSync(file, bytes, offset, Math.min(length, this.room), at);
    this.room -= written;
    return written;
  });
}
