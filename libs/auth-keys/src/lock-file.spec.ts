import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireLock } from './lock-file.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'mcli-lock-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const file = () => join(folder, 'x.lock');
const locked = expect.objectContaining({ code: 'locked' });

describe('acquireLock', () => {
  it('holds until it is given back', () => {
    const release = acquireLock(file());
    expect(() => acquireLock(file())).toThrow(locked);
    release();
    expect(readdirSync(folder)).toEqual([]);
    acquireLock(file())();
  });

  it('names the living process that holds it', () => {
    writeFileSync(file(), JSON.stringify({ pid: process.ppid, token: 'x' }));
    expect(() => acquireLock(file())).toThrow(`in use by process ${process.ppid}`);
    expect(existsSync(file())).toBe(true);
  });

  it('is taken over from a process that is gone', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(file(), JSON.stringify({ pid, token: 'x' }));
    const release = acquireLock(file());
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ pid: process.pid });
    expect(readdirSync(folder)).toEqual(['x.lock']);
    release();
  });

  it('is taken over from an earlier process with the same id, as in a container', () => {
    writeFileSync(file(), JSON.stringify({ pid: process.pid, token: 'x' }));
    utimesSync(file(), new Date(0), new Date(0));
    acquireLock(file())();
  });

  it('is not taken while someone else is making it, but later', () => {
    writeFileSync(file(), '');
    expect(() => acquireLock(file())).toThrow(locked);
    utimesSync(file(), new Date(0), new Date(0));
    acquireLock(file())();
  });

  it('is not taken while someone else is taking it over', () => {
    writeFileSync(file(), '');
    utimesSync(file(), new Date(0), new Date(0));
    writeFileSync(`${file()}.takeover`, '');
    expect(() => acquireLock(file())).toThrow(locked);
    expect(existsSync(file())).toBe(true);
  });

  it('is not given back by who lost it', () => {
    const release = acquireLock(file());
    writeFileSync(file(), JSON.stringify({ pid: process.ppid, token: 'other' }));
    release();
    expect(existsSync(file())).toBe(true);
  });
});
