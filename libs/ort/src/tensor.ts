import { OrtError } from './ort-error.js';

interface ArrayTypes {
  float32: Float32Array;
  float16: Uint16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  int32: Int32Array;
  int64: BigInt64Array;
  bool: Uint8Array;
}

/** What an element is. */
export type TensorType = keyof ArrayTypes;

/** How elements are held: `float16` as the bits of each number, `bool` as 0 and 1, the others as their names say. */
export type TypedArrayOf<T extends TensorType> = ArrayTypes[T];

/** Memory with a shape. Whoever holds the memory may read and write it, except during a run that uses it. */
export interface Tensor<T extends TensorType = TensorType> {
  readonly type: T;
  /** Sizes from the outermost to the innermost dimension; `[]` is one single number. */
  readonly dims: readonly number[];
  /** The elements, row by row; exactly as many as `dims` says. */
  readonly data: TypedArrayOf<T>;
}

type ArrayConstructors = {
  readonly [T in TensorType]: {
    readonly BYTES_PER_ELEMENT: number;
    readonly name: string;
    new (buffer: ArrayBufferLike, byteOffset: number, length: number): ArrayTypes[T];
  };
};

const arrays: ArrayConstructors = {
  float32: Float32Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
};

export const isTensorType = (value: string): value is TensorType => Object.hasOwn(arrays, value);

/** Bytes of one element. */
export const bytesPerElement = (type: TensorType): number => arrays[type].BYTES_PER_ELEMENT;

/**
 * Number of elements of a shape.
 *
 * @throws OrtError `invalid_argument` when a size is negative or no whole number.
 */
export function elementCount(dims: readonly number[]): number {
  let count = 1;
  for (const size of dims) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new OrtError('invalid_argument', `A dimension must be a whole number from 0, got [${dims.join(', ')}].`);
    }
    count *= size;
  }
  return count;
}

/** A tensor over `byteLength(dims)` bytes of a buffer from `byteOffset` on. */
export function tensorOver<T extends TensorType>(
  type: T,
  dims: readonly number[],
  buffer: ArrayBufferLike,
  byteOffset: number,
): Tensor<T> {
  return { type, dims: [...dims], data: new arrays[type](buffer, byteOffset, elementCount(dims)) };
}

/**
 * Another shape over a part of a tensor's memory. Nothing is copied: writing to one is seen in the other. Rows `r` to `r + n` of a
 * pool `[rows, heads, positions, size]` are `viewTensor(pool, r * heads * positions * size, [n, heads, positions, size])`.
 *
 * @param from index of the first element in `tensor.data`
 * @param dims shape of the view
 * @throws OrtError `invalid_argument` when the view reaches outside the tensor.
 */
export function viewTensor<T extends TensorType>(tensor: Tensor<T>, from: number, dims: readonly number[]): Tensor<T> {
  const count = elementCount(dims);
  if (!Number.isSafeInteger(from) || from < 0 || from + count > tensor.data.length) {
    throw new OrtError(
      'invalid_argument',
      `A view of ${count} elements from ${from} does not fit into a tensor of ${tensor.data.length} elements.`,
    );
  }
  const { buffer, byteOffset } = tensor.data;
  return tensorOver(tensor.type, dims, buffer, byteOffset + from * bytesPerElement(tensor.type));
}

/** What is wrong with a tensor in itself, or `undefined`. */
export function tensorFault(tensor: Tensor): string | undefined {
  if (!isTensorType(tensor.type)) return `has the unknown type ${String(tensor.type)}`;
  const array = arrays[tensor.type];
  if (Object.prototype.toString.call(tensor.data) !== `[object ${array.name}]`) {
    return `must hold ${tensor.type} in a ${array.name}`;
  }
  const count = elementCount(tensor.dims);
  if (tensor.data.length !== count) {
    return `has ${tensor.data.length} elements, but [${tensor.dims.join(', ')}] are ${count}`;
  }
  return undefined;
}
