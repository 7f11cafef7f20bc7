import { readSync } from 'node:fs';
import { ModelBuildError } from '../model-build-error.js';

const windowBytes = 1 << 20;

/**
 * Reads a file's little-endian values one after the other, through a small window. Nothing is read or allocated
 * beyond the file's end or beyond `limit`: whoever asks for it gets `truncated` or `invalid_gguf`.
 */
export class FileCursor {
  /** Bytes in the file. */
  readonly size: number;
  readonly #fd: number;
  readonly #limit: number;
  readonly #label: string;
  #window = new DataView(new ArrayBuffer(0));
  #start = 0;
  #position = 0;

  /** `label` names the file in messages; `limit` is the position beyond which nothing is read. */
  constructor(fd: number, size: number, limit: number, label: string) {
    this.#fd = fd;
    this.size = size;
    this.#limit = limit;
    this.#label = label;
  }

  /** Where the next value starts. */
  get position(): number {
    return this.#position;
  }

  /** Throws unless `count` values of at least `bytesEach` can follow. */
  expectRoom(count: number, bytesEach: number, what: string): void {
    const end = this.#position + count * bytesEach;
    if (!(end <= this.size)) {
      throw new ModelBuildError(
        'truncated',
        `${this.#label}: ${what} at byte ${this.#position} needs ${count * bytesEach} bytes, but the file ends after ${this.size}`,
      );
    }
    if (end > this.#limit) {
      throw new ModelBuildError(
        'invalid_gguf',
        `${this.#label}: ${what} at byte ${this.#position} makes the header larger than ${this.#limit} bytes`,
      );
    }
  }

  u8(what: string): number {
    return this.#at(1, what, (view, offset) => view.getUint8(offset));
  }

  i8(what: string): number {
    return this.#at(1, what, (view, offset) => view.getInt8(offset));
  }

  u16(what: string): number {
    return this.#at(2, what, (view, offset) => view.getUint16(offset, true));
  }

  i16(what: string): number {
    return this.#at(2, what, (view, offset) => view.getInt16(offset, true));
  }

  u32(what: string): number {
    return this.#at(4, what, (view, offset) => view.getUint32(offset, true));
  }

  i32(what: string): number {
    return this.#at(4, what, (view, offset) => view.getInt32(offset, true));
  }

  f32(what: string): number {
    return this.#at(4, what, (view, offset) => view.getFloat32(offset, true));
  }

  f64(what: string): number {
    return this.#at(8, what, (view, offset) => view.getFloat64(offset, true));
  }

  u64(what: string): bigint {
    return this.#at(8, what, (view, offset) => view.getBigUint64(offset, true));
  }

  i64(what: string): bigint {
    return this.#at(8, what, (view, offset) => view.getBigInt64(offset, true));
  }

  /** A 64-bit count, length or offset, as a number that arithmetic can be trusted with. */
  count(what: string): number {
    const at = this.#position;
    const value = this.u64(what);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new ModelBuildError('invalid_gguf', `${this.#label}: ${what} at byte ${at} is ${value}`);
    }
    return Number(value);
  }

  /** A 64-bit length, then so many bytes of UTF-8. Bytes that are not UTF-8 become U+FFFD. */
  string(what: string): string {
    const length = this.count(`length of ${what}`);
    this.expectRoom(length, 1, what);
    this.#load(length, what);
    const text = Buffer.from(this.#window.buffer, this.#position - this.#start, length).toString('utf8');
    this.#position += length;
    return text;
  }

  #at<T>(bytes: number, what: string, read: (view: DataView, offset: number) => T): T {
    this.#load(bytes, what);
    const value = read(this.#window, this.#position - this.#start);
    this.#position += bytes;
    return value;
  }

  #load(bytes: number, what: string): void {
    const offset = this.#position - this.#start;
    if (offset + bytes <= this.#window.byteLength) return;
    this.expectRoom(1, bytes, what);
    const wanted = Math.min(Math.max(bytes, windowBytes), this.size - this.#position);
    const buffer = new Uint8Array(wanted);
    let filled = 0;
    while (filled < wanted) {
      const read = readSync(this.#fd, buffer, filled, wanted - filled, this.#position + filled);
      if (read === 0) break;
      filled += read;
    }
    if (filled < bytes) {
      throw new ModelBuildError('truncated', `${this.#label}: the file shrank while ${what} was read`);
    }
    this.#window = new DataView(buffer.buffer, 0, filled);
    this.#start = this.#position;
  }
}
