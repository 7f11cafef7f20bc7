import { encodeModel } from './onnx-model.js';
import type { Runtime } from './runtime.js';
import type { Tensor } from './tensor.js';

/** What the integer kernels of this machine do with extreme values. */
export interface SelfTestResult {
  /** Some sums of products came out too small: the kernel adds pairs of products in 16 bits, where they don't all fit. */
  readonly saturates: boolean;
  /** Entries for `SessionOptions.entries` that make this machine compute right; empty when it does so anyway. */
  readonly entries: Readonly<Record<string, string>>;
  /** Whether a session with `entries` computed right. `false`: integer models lose accuracy on this machine. */
  readonly exact: boolean;
}

const REMEDY = { 'session.x64quantprecision': '1' };

/**
 * Multiplies uint8 by constant int8 matrices of extreme values and compares with plain arithmetic. x86-64 processors without VNNI
 * instructions saturate; `session.x64quantprecision` then selects a slower exact kernel. Takes some milliseconds, once per process.
 *
 * ```ts
 * const { entries } = await selfTest(runtime);
 * const session = await runtime.createSession(path, { entries });
 * ```
 */
export async function selfTest(runtime: Runtime): Promise<SelfTestResult> {
  if (await multipliesExactly(runtime, {})) return { saturates: false, entries: {}, exact: true };
  return { saturates: true, entries: REMEDY, exact: await multipliesExactly(runtime, REMEDY) };
}

const DEPTH = 64;
const COLUMNS = 32;
// One row alone has a kernel of its own.
const ROWS = [1, 5];

async function multipliesExactly(runtime: Runtime, entries: Readonly<Record<string, string>>): Promise<boolean> {
  const right = runtime.allocate('int8', [DEPTH, COLUMNS]);
  right.data.forEach((_, i) => (right.data[i] = i % COLUMNS < COLUMNS / 2 ? 127 : -128));
  const session = await runtime.createSession(integerModel(right), { entries, threads: 1 });
  const binding = session.createBinding();
  try {
    for (const rows of ROWS) {
      const left = runtime.allocate('uint8', [rows, DEPTH]);
      left.data.fill(255);
      const product = runtime.allocate('int32', [rows, COLUMNS]);
      binding.bindInput('left', left);
      binding.bindOutput('product', product);
      await session.run(binding);
      const exact = product.data.every((value, i) => value === DEPTH * 255 * (right.data[i % COLUMNS] ?? 0));
      if (!exact) return false;
    }
    return true;
  } finally {
    await session.dispose();
  }
}

const integerModel = (right: Tensor<'int8'>): Uint8Array =>
  encodeModel({
    inputs: [{ name: 'left', type: 'uint8', dims: ['rows', DEPTH] }],
    outputs: [{ name: 'product', type: 'int32', dims: ['rows', COLUMNS] }],
    initializers: { right },
    nodes: [{ op: 'MatMulInteger', inputs: ['left', 'right'], outputs: ['product'] }],
  });
