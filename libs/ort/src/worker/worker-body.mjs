// What runs inside the worker thread. It is JavaScript because Node 20 cannot start a worker from TypeScript, and the tests run
// from the sources.
import { parentPort } from 'node:worker_threads';
import { InferenceSession, Tensor, env } from 'onnxruntime-node';

/**
 * A bound tensor: its shared memory, and the copy in this thread that the binding of onnxruntime-node can work with. Places with the
 * same memory have the same copy, so that operators see that they may work in place.
 * @typedef {{ memory: string, shared: Uint8Array, local: Uint8Array, tensor: Tensor }} Place
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

  async bind({ binding, direction, name, memory, tensor }) {
    const places = bindings.get(binding) ?? { input: new Map(), output: new Map() };
    bindings.set(binding, places);
    places[direction].delete(name);
    places[direction].set(name, place(places, memory, tensor));
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
    /** @type {Record<string, Tensor>} */
    const fetches = {};
    for (const [name, { tensor }] of places.output) fetches[name] = tensor;
    await session.run(feeds, fetches);
    for (const { shared, local } of places.output.values()) shared.set(local);
    return undefined;
  },

  async close({ session }) {
    await sessions.get(session)?.release();
    sessions.delete(session);
    return undefined;
  },
};

/**
 * @param {Places} places
 * @param {string} memory
 * @param {import('../tensor.js').Tensor} tensor
 * @returns {Place}
 */
function place(places, memory, { type, dims, data }) {
  const shared = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const same = [...places.input.values(), ...places.output.values()].find((other) => other.memory === memory);
  const local = same?.local ?? new Uint8Array(shared.length);
  const Elements = /** @type {new (buffer: ArrayBufferLike) => Float32Array} */ (data.constructor);
  const elements = new Elements(local.buffer);
  return { memory, shared, local, tensor: new Tensor(/** @type {'float32'} */ (type), elements, dims) };
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
