import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { joinReports } from './join-reports.mjs';

const folder = mkdtempSync(join(tmpdir(), 'mcli-join-'));
after(() => rmSync(folder, { recursive: true }));

function write(name, report, before = '') {
  const path = join(folder, name);
  writeFileSync(path, `${before}${JSON.stringify(report)}\n`);
  return path;
}

const machine = { commit: 'abc' };

test('joins parts; the later figure counts', () => {
  const first = {
    machine,
    ratios: { decode: 1 },
    results: [
      { id: 'a', ours: 1 },
      { id: 'b', ours: 2 },
    ],
  };
  const second = { machine, ratios: {}, results: [{ id: 'b', ours: 3 }], series: { concurrency: [] } };
  const paths = [write('1', first, 'a table\n'), write('2', second), write('3', { kind: 'frontier', forms: [] })];
  const { results, ratios, series, forms } = joinReports(paths);
  assert.deepEqual(
    results.map(({ ours }) => ours),
    [1, 3],
  );
  assert.deepEqual([ratios, series, forms], [{ decode: 1 }, { concurrency: [] }, []]);
});

test('names the commits of all parts, and needs one with figures', () => {
  const report = (commit) => ({ machine: { commit }, ratios: {}, results: [] });
  const paths = ['a', 'b', 'a'].map((commit, at) => write(`c${at}`, report(commit)));
  assert.equal(joinReports(paths).machine.commit, 'a, b');
  assert.throws(() => joinReports([write('f', { kind: 'frontier', forms: [] })]), /None of the files/);
});
