import { encodeModel } from './onnx-model.js';
import type { Runtime } from './runtime.js';
import type { Tensor } from './tensor.js';

/** What the integer kernels of this machine do with extreme values. */
export interface SelfTestResult {
  /** With int8 weights some sums come out too small: the kernel adds pairs of products in 16 bits, where they don't all fit. */
  readonly saturates: boolean;
  /**
   * How 8-bit weights must be stored here to be multiplied right by uint8 values: as `int8`, or as `uint8` with zero point 128 where
   * int8 saturates. The bytes differ in their highest bit only.
   */
  readonly weights: IntegerWeights;
  /** Whether `weights` are multiplied right. `false`: integer models lose accuracy on this machine. */
  readonly exact: boolean;
}

/** What 8-bit weights are stored as. */
export type IntegerWeights = 'int8' | 'uint8';

/**
 * Multiplies uint8 by constant 8-bit matrices of extreme values and compares with plain arithmetic. x86-64 processors that have AVX2 but
 * no VNNI instructions saturate with int8 weights. (`session.x64quantprecision` would help too; but ONNX Runtime then rewrites each int8
 * weight when a model is loaded, so that sessions can't share them.) Takes some milliseconds.
 *
 * @throws OrtError as `Runtime.createSession`
 */
export async function selfTest(runtime: Runtime): Promise<SelfTestResult> {
  if (await multipliesExactly(runtime, 'int8')) return { saturates: false, weights: 'int8', exact: true };
  return { saturates: true, weights: 'uint8', exact: await multipliesExactly(runtime, 'uint8') };
}

const DEPTH = 64;
const COLUMNS = 32;
// One row alone has a kernel of its own.
const ROWS = [1, 5];

async function multipliesExactly(runtime: Runtime, weights: IntegerWeights): Promise<boolean> {
  const right = runtime.allocate(weights, [DEPTH, COLUMNS]);
  const zero = weights === 'uint8' ? 128 : 0;
  const weightOf = (column: number): number => (column < COLUMNS / 2 ? 127 : -128);
  right.data.forEach((_, i) => (right.data[i] = weightOf(i % COLUMNS) + zero));
  const session = await runtime.createSession(integerModel(right, zero), { threads: 1 });
  const binding = session.createBinding();
  try {
    for (const rows of ROWS) {
      const left = runtime.allocate('uint8', [rows, DEPTH]);
      left.data.fill(255);
      const product = runtime.allocate('int32', [rows, COLUMNS]);
      binding.bindInput('left', left);
      binding.bindOutput('product', product);
      await session.run(binding);
      const exact = product.data.every((value, i) => value === DEPTH * 255 * weightOf(i % COLUMNS));
      if (!exact) return false;
    }
    return true;
  } finally {
    await session.dispose();
  }
}

const integerModel = (right: Tensor<IntegerWeights>, zero: number): Uint8Array =>
  encodeModel({
    inputs: [{ name: 'left', type: 'uint8', dims: ['rows', DEPTH] }],
    outputs: [{ name: 'product', type: 'int32', dims: ['rows', COLUMNS] }],
    initializers: {
      right,
      left_zero: { type: 'uint8', dims: [], data: Uint8Array.of(0) },
      right_zero: {
        type: right.type,
        dims: [],
        data: right.type === 'uint8' ? Uint8Array.of(zero) : Int8Array.of(zero),
      },
    },
    nodes: [{ op: 'MatMulInteger', inputs: ['left', 'right', 'left_zero', 'right_zero'], outputs: ['product'] }],
  });
