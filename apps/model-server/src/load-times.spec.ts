import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoadTimes } from './load-times.js';

describe('LoadTimes', () => {
  let home: string;
  let file: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'mcli-load-times-'));
    file = join(home, 'load-times.json');
  });

  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('knows nothing at first, and then what was written last, in other processes too', () => {
    const times = new LoadTimes(home);
    expect(times.get('onnx a')).toBeUndefined();
    times.set('onnx a', 1234.4);
    times.set('llama.cpp a', 99);
    times.set('onnx a', 2000);
    const others = new LoadTimes(home);
    expect([others.get('onnx a'), others.get('llama.cpp a'), others.get('a')]).toEqual([2000, 99, undefined]);
    expect(readdirSync(home)).toEqual(['load-times.json']);
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['empty', ''],
    ['cut off', '{"onnx a": 12'],
    ['of another shape', '[1, 2]'],
    ['null', 'null'],
    ['full of other things', '{"onnx a": "12", "b": {}, "c": null}'],
    ['out of range', '{"onnx a": -1, "b": 1e300}'],
    ['far too long', `{"onnx a": 12${' '.repeat(200_000)}}`],
  ])('takes a file that is %s for one that knows nothing, and writes a good one', (_, text) => {
    writeFileSync(file, text);
    const times = new LoadTimes(home);
    expect(times.get('onnx a')).toBeUndefined();
    times.set('onnx a', 5);
    expect(times.get('onnx a')).toBe(5);
  });

  it('keeps the good entries of a file with a bad one', () => {
    writeFileSync(file, '{"onnx a": 7, "__proto__": 3, "onnx b": "x"}');
    const times = new LoadTimes(home);
    expect([times.get('onnx a'), times.get('__proto__'), times.get('onnx b')]).toEqual([7, 3, undefined]);
  });

  it('survives a place that cannot be written, and leaves nothing there', () => {
    mkdirSync(join(file, 'in the way'), { recursive: true });
    const times = new LoadTimes(home);
    times.set('onnx a', 5);
    expect(times.get('onnx a')).toBeUndefined();
    expect(readdirSync(home)).toEqual(['load-times.json']);
    const nowhere = new LoadTimes(join(home, 'nowhere'));
    nowhere.set('onnx a', 5);
    expect(nowhere.get('onnx a')).toBeUndefined();
  });

  it('does not grow for ever: the oldest entry goes', () => {
    const times = new LoadTimes(home);
    for (let at = 0; at < 101; at++) times.set(`onnx ${at}`, at + 1);
    expect([times.get('onnx 0'), times.get('onnx 1'), times.get('onnx 100')]).toEqual([undefined, 2, 101]);
  });
});
