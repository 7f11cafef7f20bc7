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

const machine = { commit: 'abc', class: 'avx2' };

test('joins parts; the later figure counts', () => {
  const first = {
    machine,
    results: [
      { model: 'm', id: 'a', ours: 1 },
      { model: 'm', id: 'b', ours: 2 },
    ],
  };
  const second = {
    machine,
    results: [
      { model: 'm', id: 'b', ours: 3 },
      { model: 'n', id: 'a', ours: 4 },
    ],
    series: { concurrency: [] },
  };
  const paths = [write('1', first, 'a table\n'), write('2', second), write('3', { kind: 'frontier', forms: [] })];
  const { results, series, forms } = joinReports(paths);
  assert.deepEqual(
    results.map(({ ours }) => ours),
    [1, 3, 4],
  );
  assert.deepEqual([series, forms], [{ concurrency: [] }, []]);
});

test('takes a file of results, as it is kept, and the ratios of what counts in the end', () => {
  const engines = (ratio) => ({ onnx: { value: 1, ratio } });
  const result = (ratio) => ({
    model: 'smollm2-135m-instruct',
    id: 'decode-512',
    engines: engines(ratio),
    best: 'onnx',
    ratio,
  });
  const kept = join(folder, 'kept.json');
  writeFileSync(kept, JSON.stringify({ machine, results: [result(1)] }, undefined, 1));
  const report = joinReports([kept, write('new', { machine, results: [result(2)] })]);
  assert.deepEqual([report.ratios, report.engines], [{ decode: 2 }, { decode: 'onnx' }]);
});

test('names the commits of all parts, and needs one with figures', () => {
  const report = (commit) => ({ machine: { ...machine, commit }, results: [] });
  const paths = ['a', 'b', 'a'].map((commit, at) => write(`c${at}`, report(commit)));
  assert.equal(joinReports(paths).machine.commit, 'a, b');
  assert.throws(() => joinReports([write('f', { kind: 'frontier', forms: [] })]), /None of the files/);
});

test('never mixes classes of processors', () => {
  const paths = ['avx2', 'amx'].map((name) => write(name, { machine: { ...machine, class: name }, results: [] }));
  assert.throws(() => joinReports(paths), /different classes: avx2, amx/);
});
