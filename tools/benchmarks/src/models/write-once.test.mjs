import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeOnce } from './write-once.mjs';

const folder = mkdtempSync(join(tmpdir(), 'mcli-once-'));
after(() => rmSync(folder, { recursive: true }));
const options = { title: 'Making it', progress: () => undefined };

test('makes a file once, with its folder', async () => {
  const path = join(folder, 'deeper', 'a');
  let times = 0;
  const write = async (partial) => writeFileSync(partial, `${++times}`);
  assert.equal(await writeOnce(path, write, options), path);
  assert.equal(await writeOnce(path, write, options), path);
  assert.equal(readFileSync(path, 'utf8'), '1');
});

test('leaves nothing behind when it fails half-way', async () => {
  const path = join(folder, 'broken', 'a');
  const write = async (partial) => {
    writeFileSync(partial, 'half');
    throw new Error('no space left');
  };
  await assert.rejects(writeOnce(path, write, options), /no space left/);
  assert.deepEqual(readdirSync(join(folder, 'broken')), []);
});
