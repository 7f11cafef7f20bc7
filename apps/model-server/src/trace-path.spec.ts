import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearTraces, tracePath } from './trace-path.js';

const [small, large] = [{ id: 'small' }, { id: 'team/large:2' }];

describe('tracePath', () => {
  it('is the file that was asked for, or one for each model beside it', () => {
    expect(tracePath(small, [small], { trace: '/t/trace.json' })).toBe('/t/trace.json');
    expect(tracePath(small, [small, large], { trace: '/t.d/trace' })).toBe('/t.d/trace.small');
    expect(tracePath(large, [small, large], { trace: '/t/trace.json' })).toBe('/t/trace.team-large-2.json');
    expect(tracePath(small, [small], {})).toBeUndefined();
  });
});

describe('clearTraces', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mcli-trace-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('empties the files of all models, and touches nothing when none was asked for', () => {
    const trace = join(folder, 'trace.json');
    writeFileSync(trace, 'old');
    clearTraces([small], {});
    expect(readFileSync(trace, 'utf8')).toBe('old');
    clearTraces([small], { trace });
    expect(readFileSync(trace, 'utf8')).toBe('');
    clearTraces([small, large], { trace });
    expect(readdirSync(folder)).toEqual(['trace.json', 'trace.small.json', 'trace.team-large-2.json']);
  });

  it('says when a file can not be written', () => {
    const trace = join(folder, 'missing', 'trace.json');
    expect(() => clearTraces([small], { trace })).toThrow(
      expect.objectContaining({ code: 'usage', message: `--trace: ${trace} can't be written.` }),
    );
  });
});
