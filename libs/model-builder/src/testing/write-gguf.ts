import { writeFile } from 'node:fs/promises';
import type { TensorFormatName } from '../read/tensor-format.js';
import { tensorFormats } from '../read/tensor-format.js';

/** How a number, text, truth or list is stored in the metadata. */
export type GgufValueType = 'u32' | 'i32' | 'u64' | 'f32' | 'bool' | 'string' | 'i32[]' | 'f32[]' | 'string[]';

/** One metadata value with its type. */
export type GgufEntry = readonly [type: GgufValueType, value: number | boolean | string | readonly (number | string)[]];

/** A tensor as it shall stand in the file. */
export interface GgufTensor {
  readonly name: string;
  readonly format: TensorFormatName;
  /** Innermost dimension first, as in the file. */
  readonly shape: readonly number[];
  /** The stored blocks. */
  readonly bytes: Uint8Array;
}

export interface GgufContent {
  /** @default 3 */
  readonly version?: number;
  readonly metadata: Readonly<Record<string, GgufEntry>>;
  readonly tensors: readonly GgufTensor[];
}

const alignment = 32;

/** A tensor in a file's list, before its blocks are known. */
export type GgufTensorPlan = Omit<GgufTensor, 'bytes'> & { readonly byteLength: number };

/** A GGUF file for tests. */
export function encodeGguf(content: GgufContent): Uint8Array {
  const plans = content.tensors.map(({ bytes, ...tensor }) => ({ ...tensor, byteLength: bytes.length }));
  const data = content.tensors.map(({ bytes }) => Buffer.concat([bytes], padded(bytes.length)));
  return new Uint8Array(Buffer.concat([encodeGgufHeader({ ...content, tensors: plans }), ...data]));
}

/** All that stands before the first tensor's blocks. They follow in the order given, each padded to a multiple of 32 bytes. */
export function encodeGgufHeader({
  version = 3,
  metadata,
  tensors,
}: Omit<GgufContent, 'tensors'> & { readonly tensors: readonly GgufTensorPlan[] }): Uint8Array {
  const header = [u32(0x46554747), u32(version), u64(tensors.length)];
  const entries = Object.entries(metadata);
  header.push(u64(entries.length));
  for (const [key, entry] of entries) header.push(string(key), ...value(entry));
  let offset = 0;
  for (const tensor of tensors) {
    header.push(string(tensor.name), u32(tensor.shape.length), ...tensor.shape.map(u64));
    header.push(u32(tensorFormats.find(({ name }) => name === tensor.format)?.id ?? -1), u64(offset));
    offset += padded(tensor.byteLength);
  }
  const head = Buffer.concat(header);
  return Buffer.concat([head], padded(head.length));
}

/** Writes a GGUF file for tests. */
export async function writeGguf(path: string, content: GgufContent): Promise<void> {
  await writeFile(path, encodeGguf(content));
}

const types: Readonly<Record<string, number>> = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, u64: 10 };

function value([type, content]: GgufEntry): Buffer[] {
  if (!type.endsWith('[]')) return [u32(types[type] ?? 0), scalar(type, content)];
  const item = type.slice(0, -2);
  const list = content as readonly (number | string)[];
  return [u32(9), u32(types[item] ?? 0), u64(list.length), ...list.map((entry) => scalar(item, entry))];
}

function scalar(type: string, content: unknown): Buffer {
  switch (type) {
    case 'string':
      return string(String(content));
    case 'bool':
      return Buffer.from([content ? 1 : 0]);
    case 'u64':
      return u64(Number(content));
    case 'f32':
      return Buffer.from(Float32Array.of(Number(content)).buffer);
    default:
      return u32(Number(content) >>> 0);
  }
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(number: number): Buffer {
  return Buffer.from(Uint32Array.of(number).buffer);
}

function u64(number: number): Buffer {
  return Buffer.from(BigUint64Array.of(BigInt(number)).buffer);
}

/** A length with the padding up to the next multiple of 32. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}
