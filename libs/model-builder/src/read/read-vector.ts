import { dequantize } from '../passes/dequantize.js';
import type { GgufFile, TensorInfo } from './gguf-file.js';

/** The numbers of a tensor with one row, `[columns]`. */
export async function readVector(file: GgufFile, tensor: TensorInfo): Promise<Float32Array> {
  const bytes = new Uint8Array(tensor.byteLength);
  await file.read(bytes, tensor.offset);
  const values = new Float32Array(tensor.columns);
  dequantize(tensor.format.name, bytes, values);
  return values;
}
