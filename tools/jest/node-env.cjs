// Jest's node environment, with the host realm's typed arrays.
//
// A native addon builds its outputs in the host realm, so inside Jest's vm context
// `out instanceof Float32Array` is false and onnxruntime-common refuses the tensor.
const vm = require('node:vm');
const threads = require('node:worker_threads');
const { pathToFileURL } = require('node:url');
const { TestEnvironment } = require('jest-environment-node');

// Must be in the real environment: Jest gives tests (and Node gives worker threads) a copy of
// process.env, so setting it there does not reach the runtime's native code.
process.env.ORT_DISABLE_TELEMETRY = '1';

// Node 20 can't import TypeScript, so worker threads that start from sources compile it on the way.
const compiler = require.resolve('./compile-typescript.mjs');
threads.Worker = class extends threads.Worker {
  constructor(file, options = {}) {
    const fromSources = file instanceof URL && file.pathname.includes('/src/');
    super(file, fromSources ? { ...options, execArgv: ['--import', pathToFileURL(compiler).href] } : options);
  }
};

const SHARED = [
  'ArrayBuffer',
  'SharedArrayBuffer',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
];

module.exports = class HostRealmNodeEnvironment extends TestEnvironment {
  constructor(config, context) {
    if (!vm.SourceTextModule) {
      throw new Error('Run jest with NODE_OPTIONS=--experimental-vm-modules (nx test and npm run jest do).');
    }
    super(config, context);
    for (const name of SHARED) if (name in globalThis) this.global[name] = globalThis[name];
  }
};
