import { ModelBuildError } from '../model-build-error.js';
import type { FileCursor } from './file-cursor.js';

/** One value of the metadata. 64-bit integers are numbers where that is exact. */
export type MetadataValue = number | bigint | boolean | string | readonly MetadataValue[];

const maxKeys = 1 << 16;
const maxArrayLength = 1 << 24;
const maxArrayDepth = 4;

/** The key-value pairs of a GGUF file, with a getter for each kind; a value of another kind is `invalid_gguf`. */
export class GgufMetadata {
  readonly #values: ReadonlyMap<string, MetadataValue>;
  readonly #label: string;

  /** `label` names the file in messages. */
  constructor(values: ReadonlyMap<string, MetadataValue>, label: string) {
    this.#values = values;
    this.#label = label;
  }

  get(key: string): MetadataValue | undefined {
    return this.#values.get(key);
  }

  integer(key: string): number | undefined {
    return this.#expect(key, 'an integer', (value) => Number.isSafeInteger(value));
  }

  number(key: string): number | undefined {
    return this.#expect(key, 'a number', (value) => Number.isFinite(value));
  }

  boolean(key: string): boolean | undefined {
    return this.#expect(key, 'true or false', (value) => typeof value === 'boolean');
  }

  text(key: string): string | undefined {
    return this.#expect(key, 'text', (value) => typeof value === 'string');
  }

  numbers(key: string): readonly number[] | undefined {
    return this.#expect(
      key,
      'a list of numbers',
      (value) => Array.isArray(value) && value.every((item) => typeof item === 'number'),
    );
  }

  texts(key: string): readonly string[] | undefined {
    return this.#expect(
      key,
      'a list of texts',
      (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
    );
  }

  #expect<T extends MetadataValue>(
    key: string,
    kind: string,
    matches: (value: MetadataValue) => boolean,
  ): T | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    if (!matches(value)) throw new ModelBuildError('invalid_gguf', `${this.#label}: ${key} is not ${kind}`);
    return value as T;
  }
}

/** Reads the count of key-value pairs and the pairs themselves. */
export function readMetadata(cursor: FileCursor, label: string): GgufMetadata {
  const count = cursor.count('number of metadata keys');
  if (count > maxKeys) throw new ModelBuildError('invalid_gguf', `${label}: announces ${count} metadata keys`);
  const values = new Map<string, MetadataValue>();
  for (let index = 0; index < count; index++) {
    const key = cursor.string('name of a metadata key');
    if (values.has(key)) throw new ModelBuildError('invalid_gguf', `${label}: has the metadata key ${key} twice`);
    values.set(key, readValue(cursor, label, cursor.u32(`type of ${key}`), key, 0));
  }
  return new GgufMetadata(values, label);
}

/** What a value of each type takes at least, in bytes; the types are numbered in this order. */
const minBytes = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8] as const;

function readValue(cursor: FileCursor, label: string, type: number, key: string, depth: number): MetadataValue {
  switch (type) {
    case 0:
      return cursor.u8(key);
    case 1:
      return cursor.i8(key);
    case 2:
      return cursor.u16(key);
    case 3:
      return cursor.i16(key);
    case 4:
      return cursor.u32(key);
    case 5:
      return cursor.i32(key);
    case 6:
      return cursor.f32(key);
    case 7:
      return cursor.u8(key) !== 0;
    case 8:
      return cursor.string(key);
    case 9:
      return readArray(cursor, label, key, depth);
    case 10:
      return exact(cursor.u64(key));
    case 11:
      return exact(cursor.i64(key));
    case 12:
      return cursor.f64(key);
    default:
      throw new ModelBuildError('invalid_gguf', `${label}: ${key} has the unknown type ${type}`);
  }
}

function readArray(cursor: FileCursor, label: string, key: string, depth: number): readonly MetadataValue[] {
  const type = cursor.u32(`type of ${key}`);
  const length = cursor.count(`length of ${key}`);
  if (length > maxArrayLength || depth >= maxArrayDepth) {
    throw new ModelBuildError(
      'invalid_gguf',
      `${label}: ${key} is a list of ${length} values, ${depth + 1} lists deep`,
    );
  }
  cursor.expectRoom(length, minBytes[type] ?? 1, key);
  const values: MetadataValue[] = [];
  for (let index = 0; index < length; index++) values.push(readValue(cursor, label, type, key, depth + 1));
  return values;
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
