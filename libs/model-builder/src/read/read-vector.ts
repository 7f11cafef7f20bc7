import { dequantize } from '../passes/dequantize.js';
import type { GgufFile, TensorInfo } from './gguf-file.js';
import { readAt } from './read-at.js';

/** The numbers of a tensor with one row, `[columns]`. */
export function readVector({ fd, label }: Pick<GgufFile, 'fd' | 'label'>, tensor: TensorInfo): Float32Array {
  const bytes = new Uint8Array(tensor.byteLength);
  readAt(fd, bytes, tensor.offset, label);
  const values = new Float32Array(tensor.columns);
  dequantize(tensor.format.name, bytes, values);
  return values;
}
