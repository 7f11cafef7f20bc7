import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classOf, parseFlags } from './processor-class.mjs';

test('the best instructions for integers decide', () => {
  const known = [
    ['sse4_2', 'x64'],
    ['avx2 fma', 'avx2'],
    ['avx2 fma avx512f avx512bw', 'avx512'],
    ['avx2 fma avx_vnni', 'avx-vnni'],
    ['avx2 fma avx512f avx512bw avx512_vnni avx_vnni', 'avx512-vnni'],
    ['avx2 fma avx512f avx512bw avx512_vnni amx_tile amx_int8', 'amx'],
  ];
  for (const [flags, name] of known) assert.equal(classOf({ arch: 'x64', flags: flags.split(' ') }), name);
});

test('Arm is one class; what is unknown is the architecture', () => {
  assert.equal(classOf({ arch: 'arm64', flags: ['asimddp', 'i8mm'] }), 'arm64');
  assert.equal(classOf({ arch: 'x64', flags: [] }), 'x64');
});

test('flags are read as x86 and as Arm write them', () => {
  const x86 =
    'processor\t: 0\nmodel name\t: A\nflags\t\t: fpu avx2 fma\nbugs\t\t: none\n\nprocessor\t: 1\nflags\t\t: other\n';
  assert.deepEqual(parseFlags(x86), ['fpu', 'avx2', 'fma']);
  assert.deepEqual(parseFlags('processor\t: 0\nFeatures\t: fp asimd i8mm\n'), ['fp', 'asimd', 'i8mm']);
  assert.deepEqual(parseFlags('nothing'), []);
  assert.deepEqual(parseFlags('flags\t:\nbugs\t: x\n'), []);
});
