import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { ModelBuildError } from '../model-build-error.js';
import type { GgufMetadata } from './gguf-metadata.js';
import { readMetadata } from './gguf-metadata.js';
import { FileCursor } from './file-cursor.js';
import type { TensorFormat } from './tensor-format.js';
import { findTensorFormat, tensorFormatLabel } from './tensor-format.js';

/** Where a tensor's numbers stand in the file. Everything was checked against the file's size. */
export interface TensorInfo {
  readonly name: string;
  readonly format: TensorFormat;
  /** Rows; for tensors of more than two dimensions all but the first multiplied. A vector is one row. */
  readonly rows: number;
  /** Numbers in a row: the first dimension, which is the innermost. */
  readonly columns: number;
  /** Bytes of a row. */
  readonly rowBytes: number;
  /** The first byte, counted from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** An open GGUF file whose header was read and checked. */
export interface GgufFile {
  /** The file's name, for messages. */
  readonly label: string;
  /** Bytes in the file. */
  readonly size: number;
  readonly version: number;
  readonly metadata: GgufMetadata;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Its descriptor, open until `close`. */
  readonly fd: number;
  close(): Promise<void>;
}

/** Larger headers are refused; those of models with vocabularies of 256,000 tokens have about 20 MB. */
export const maxHeaderBytes = 256 * 2 ** 20;
const maxTensors = 1 << 20;
const maxDimensions = 4;
const minTensorInfoBytes = 8 + 4 + 8 + 4 + 8;

/**
 * Opens a GGUF file, version 2 or 3, little-endian.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * @throws ModelBuildError `io`, `not_gguf`, `truncated`, `invalid_gguf`, `unsupported_tensor_type`
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const label = basename(path);
  const handle = await open(path).catch((cause: unknown) => {
    throw new ModelBuildError('io', `${label}: cannot be opened: ${(cause as Error).message}`, { cause });
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new ModelBuildError('not_gguf', `${label}: is not a file`);
    const cursor = new FileCursor(handle.fd, stat.size, maxHeaderBytes, label);
    const version = readMagic(cursor, label);
    const tensorCount = cursor.count('number of tensors');
    const metadata = readMetadata(cursor, label);
    const tensors = readTensors(cursor, label, tensorCount, metadata);
    return {
      label,
      size: stat.size,
      version,
      metadata,
      tensors,
      fd: handle.fd,
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    if (error instanceof ModelBuildError) throw error;
    throw new ModelBuildError('io', `${label}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Reads what a GGUF file begins with. Returns its version. */
export function readMagic(cursor: FileCursor, label: string): number {
  if (cursor.size < 4 || cursor.u32('magic') !== 0x46554747) {
    throw new ModelBuildError('not_gguf', `${label}: is not a GGUF file (it does not start with 'GGUF')`);
  }
  const version = cursor.u32('version');
  if (version !== 2 && version !== 3) {
    const known = version === 0x02000000 || version === 0x03000000 ? 'big-endian' : `version ${version}`;
    throw new ModelBuildError('not_gguf', `${label}: is a GGUF file of a kind that is not read: ${known}`);
  }
  return version;
}

function readTensors(
  cursor: FileCursor,
  label: string,
  count: number,
  metadata: GgufMetadata,
): ReadonlyMap<string, TensorInfo> {
  const found = readTensorPlaces(cursor, label, count).map((place) => toTensor(place, label));
  const alignment = readAlignment(metadata, label);
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = new Map<string, TensorInfo>();
  for (const tensor of found) {
    if (tensors.has(tensor.name)) throw new ModelBuildError('invalid_gguf', `${label}: two tensors ${tensor.name}`);
    if (tensor.offset % alignment !== 0) {
      throw new ModelBuildError(
        'invalid_gguf',
        `${label}: ${tensor.name} starts at ${tensor.offset}, not at a multiple of ${alignment}`,
      );
    }
    const offset = dataStart + tensor.offset;
    if (offset + tensor.byteLength > cursor.size) {
      throw new ModelBuildError(
        'truncated',
        `${label}: ${tensor.name} needs bytes ${offset} to ${offset + tensor.byteLength}, but the file ends after ${cursor.size}`,
      );
    }
    tensors.set(tensor.name, { ...tensor, offset });
  }
  return tensors;
}

/** A tensor as the file's list names it. */
export interface TensorPlace {
  readonly name: string;
  /** The innermost dimension first. */
  readonly shape: readonly number[];
  /** GGUF's number for how its numbers are stored. */
  readonly type: number;
  /** Counted from the start of the tensors' data. */
  readonly offset: number;
}

/** Reads the list of tensors. */
export function readTensorPlaces(cursor: FileCursor, label: string, count: number): TensorPlace[] {
  if (count > maxTensors) throw new ModelBuildError('invalid_gguf', `${label}: announces ${count} tensors`);
  cursor.expectRoom(count, minTensorInfoBytes, 'list of tensors');
  return Array.from({ length: count }, () => {
    const name = cursor.string('name of a tensor');
    const dimensions = cursor.u32(`dimensions of ${name}`);
    if (dimensions < 1 || dimensions > maxDimensions) {
      throw new ModelBuildError('invalid_gguf', `${label}: ${name} has ${dimensions} dimensions`);
    }
    const shape = Array.from({ length: dimensions }, () => cursor.count(`shape of ${name}`));
    const type = cursor.u32(`type of ${name}`);
    return { name, shape, type, offset: cursor.count(`offset of ${name}`) };
  });
}

function toTensor({ name, shape, type, offset }: TensorPlace, label: string): TensorInfo {
  const format = findTensorFormat(type);
  if (!format) {
    throw new ModelBuildError(
      'unsupported_tensor_type',
      `${label}: ${name} is stored as ${tensorFormatLabel(type)}, which cannot be read`,
    );
  }
  const columns = shape[0] ?? 0;
  const rows = shape.slice(1).reduce((product, size) => product * size, 1);
  const rowBytes = (columns / format.blockSize) * format.blockBytes;
  if (columns % format.blockSize !== 0) {
    throw new ModelBuildError(
      'invalid_gguf',
      `${label}: ${name} has rows of ${columns}, not a multiple of ${format.blockSize} as ${format.name} needs`,
    );
  }
  if (
    !Number.isSafeInteger(rows * columns) ||
    rows * columns === 0 ||
    !Number.isSafeInteger(rows * rowBytes + offset)
  ) {
    throw new ModelBuildError('invalid_gguf', `${label}: ${name} has the shape ${shape.join(' x ')}`);
  }
  return { name, format, rows, columns, rowBytes, offset, byteLength: rows * rowBytes };
}

function readAlignment(metadata: GgufMetadata, label: string): number {
  const alignment = metadata.integer('general.alignment') ?? 32;
  if (alignment < 1 || alignment > 2 ** 20 || (alignment & (alignment - 1)) !== 0) {
    throw new ModelBuildError('invalid_gguf', `${label}: general.alignment is ${alignment}`);
  }
  return alignment;
}
