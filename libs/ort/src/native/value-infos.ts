import type { Direction } from '../driver.js';
import type { ValueInfo } from '../runtime.js';
import type { TensorType } from '../tensor.js';
import { elementTypes } from './api-table.js';
import type { NativeApi } from './native-api.js';

const typesByNumber = new Map(
  Object.entries(elementTypes).map(([type, number]) => [number as number, type as TensorType]),
);

/** Names, types and shapes of a session's inputs or outputs. */
export function readValueInfos(api: NativeApi, session: bigint, direction: Direction): readonly ValueInfo[] {
  const { functions } = api;
  const [getCount, getName, getTypeInfo] =
    direction === 'input'
      ? [functions.SessionGetInputCount, functions.SessionGetInputName, functions.SessionGetInputTypeInfo]
      : [functions.SessionGetOutputCount, functions.SessionGetOutputName, functions.SessionGetOutputTypeInfo];
  const count = Number(api.create('invalid_model', (out) => getCount(session, out)));
  return Array.from({ length: count }, (_, index) => {
    const nameAddress = api.create('invalid_model', (out) => getName(session, index, api.allocator, out));
    const name = api.readString(nameAddress);
    api.check(functions.AllocatorFree(api.allocator, nameAddress), 'invalid_model');
    const typeInfo = api.create('invalid_model', (out) => getTypeInfo(session, index, out));
    try {
      return { name, ...readTypeInfo(api, typeInfo) };
    } finally {
      functions.ReleaseTypeInfo(typeInfo);
    }
  });
}

function readTypeInfo(api: NativeApi, typeInfo: bigint): Pick<ValueInfo, 'type' | 'dims'> {
  const { functions } = api;
  const tensorInfo = api.create('invalid_model', (out) => functions.CastTypeInfoToTensorInfo(typeInfo, out));
  if (tensorInfo === 0n) return { type: 'unsupported', dims: [] };

  const type = new Int32Array(1);
  api.check(functions.GetTensorElementType(tensorInfo, type), 'invalid_model');
  const rank = Number(api.create('invalid_model', (out) => functions.GetDimensionsCount(tensorInfo, out)));
  const sizes = new BigInt64Array(rank);
  const names = new BigUint64Array(rank);
  if (rank > 0) {
    api.check(functions.GetDimensions(tensorInfo, sizes, rank), 'invalid_model');
    api.check(functions.GetSymbolicDimensions(tensorInfo, names, rank), 'invalid_model');
  }
  return {
    type: typesByNumber.get(type[0] ?? 0) ?? 'unsupported',
    dims: Array.from(sizes, (size, i) => (size >= 0n ? Number(size) : api.readString(names[i] ?? 0n) || -1)),
  };
}
