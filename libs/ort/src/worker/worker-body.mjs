// What runs inside the worker thread. It is JavaScript because Node 20 cannot start a worker from TypeScript, and the tests run
// from the sources.
import { parentPort } from 'node:worker_threads';
import { InferenceSession, Tensor, env } from 'onnxruntime-node';

/**
 * A bound tensor: its shared memory, and the copy in this thread that the binding of onnxruntime-node can work with.
 * @typedef {{ shared: Uint8Array, local: Uint8Array, tensor: Tensor }} Place
 * @typedef {{ input: Map<string, Place>, output: Map<string, Place> }} Places
 */

// Failures come back as errors; nothing needs to be written to stderr.
env.logLevel = 'fatal';

/** @type {Map<number, InferenceSession>} */
const sessions = new Map();
/** @type {Map<number, Places>} */
const bindings = new Map();

/** @type {{ [Method in import('./protocol.js').WorkerMethod]: (parameters: import('./protocol.js').WorkerMethods[Method][0]) => Promise<import('./protocol.js').WorkerMethods[Method][1]> }} */
const methods = {
  async version() {
    return env.versions.node ?? 'unknown';
  },

  async load({ session: number, model, options }) {
    /** @type {InferenceSession.SessionOptions} */
    const sessionOptions = {
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      enableCpuMemArena: options.memoryArena,
      graphOptimizationLevel: options.optimize === 'none' ? 'disabled' : options.optimize,
      logSeverityLevel: 4,
      extra: { ...options.entries },
    };
    const session = await (typeof model === 'string'
      ? InferenceSession.create(model, sessionOptions)
      : InferenceSession.create(model, sessionOptions));
    sessions.set(number, session);
    return { inputs: session.inputMetadata.map(valueInfo), outputs: session.outputMetadata.map(valueInfo) };
  },

  async bind({ binding, direction, name, tensor }) {
    const places = bindings.get(binding) ?? { input: new Map(), output: new Map() };
    bindings.set(binding, places);
    places[direction].set(name, place(tensor, places[direction].get(name)));
    return undefined;
  },

  async unbind({ binding }) {
    bindings.delete(binding);
    return undefined;
  },

  async run({ session: number, binding }) {
    const session = sessions.get(number);
    const places = bindings.get(binding);
    if (!session || !places) throw new Error('The session or binding is unknown to the worker.');
    /** @type {Record<string, Tensor>} */
    const feeds = {};
    for (const [name, { shared, local, tensor }] of places.input) {
      local.set(shared);
      feeds[name] = tensor;
    }
    const results = await session.run(feeds, [...places.output.keys()]);
    for (const [name, { shared, tensor }] of places.output) {
      const result = results[name];
      const { dims, data } = result ?? { dims: [], data: [] };
      if (!ArrayBuffer.isView(data) || String(dims) !== String(tensor.dims)) {
        throw new Error(`The output "${name}" has shape [${dims}], but [${tensor.dims}] is bound.`);
      }
      shared.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    return undefined;
  },

  async close({ session }) {
    await sessions.get(session)?.release();
    sessions.delete(session);
    return undefined;
  },
};

/**
 * @param {import('../tensor.js').Tensor} tensor
 * @param {Place | undefined} previous whose copy is used again if it has the right size
 * @returns {Place}
 */
function place({ type, dims, data }, previous) {
  const shared = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const local = previous?.local.length === shared.length ? previous.local : new Uint8Array(shared.length);
  const Elements = /** @type {new (buffer: ArrayBufferLike) => Float32Array} */ (data.constructor);
  const elements = new Elements(local.buffer);
  return { shared, local, tensor: new Tensor(/** @type {'float32'} */ (type), elements, dims) };
}

const types = ['float32', 'float16', 'int8', 'uint8', 'int32', 'int64', 'bool'];

/**
 * @param {InferenceSession.ValueMetadata} metadata
 * @returns {import('../runtime.js').ValueInfo}
 */
function valueInfo(metadata) {
  const { name } = metadata;
  if (!metadata.isTensor) return { name, type: 'unsupported', dims: [] };
  const type = types.includes(metadata.type) ? metadata.type : 'unsupported';
  return {
    name,
    type: /** @type {import('../runtime.js').ValueInfo['type']} */ (type),
    dims: metadata.shape.map((size) => (size === '' ? -1 : size)),
  };
}

/** @type {Promise<void>} */
let turn = Promise.resolve();

parentPort?.on('message', (/** @type {import('./protocol.js').WorkerRequest} */ { id, method, parameters }) => {
  turn = turn.then(async () => {
    /** @type {import('./protocol.js').WorkerReply} */
    const reply = { id };
    try {
      const handle = /** @type {(parameters: unknown) => Promise<unknown>} */ (methods[method]);
      reply.result = await handle(parameters);
    } catch (error) {
      reply.error = error instanceof Error ? error.message : String(error);
    }
    parentPort?.postMessage(reply);
  });
});
