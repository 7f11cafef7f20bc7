import fs from 'node:fs';
import { dirname } from 'node:path';
import { KeyStoreError } from './key-store-error.js';
import { errorText, toStorageError } from './storage-error.js';

/** The calls that can fail half-way; tests put failing ones here. */
export type JournalIo = Pick<typeof fs, 'writeSync' | 'fsyncSync' | 'ftruncateSync'>;

const NEWLINE = 0x0a;
const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = fs.constants;

/**
 * A file of lines to which one process appends, each line a JSON value, the first one a header.
 *
 * A line counts when its newline is on disk. What a crash left behind the last newline was never
 * acknowledged and is cut off at opening. A line that can't be read means that something else wrote here:
 * then nothing is touched.
 */
export class Journal {
  readonly #path: string;
  readonly #header: string;
  readonly #io: JournalIo;
  #file: number;
  /** Bytes up to the last acknowledged newline. */
  #length = 0;
  #lines = 0;
  #broken: KeyStoreError | undefined;

  /**
   * Opens the file, which must be there, and reads it.
   *
   * @param header one line without its newline; an empty file gets it
   * @param onLine called with every line; what it throws for the text makes the file `corrupt`
   * @param onWarning called when a torn tail was cut off
   * @throws KeyStoreError `corrupt` with the line's number, `storage_unavailable`, or what `onLine` throws as such
   */
  constructor(
    path: string,
    header: string,
    onLine: (value: unknown, number: number) => void,
    onWarning: (message: string) => void,
    io: JournalIo = fs,
  ) {
    this.#path = path;
    this.#header = header;
    this.#io = io;
    fs.rmSync(this.#temporary, { force: true });
    this.#file = fs.openSync(path, O_RDWR | O_NOFOLLOW);
    try {
      this.#read(onLine, onWarning);
    } catch (error) {
      fs.closeSync(this.#file);
      throw toStorageError(`The key store '${path}' can't be read`, error);
    }
  }

  /** Lines in the file, header included. */
  get lines(): number {
    return this.#lines;
  }

  /**
   * Adds a line.
   *
   * @param durable wait for the disk; without, the line may be lost when the machine fails
   * @throws KeyStoreError `storage_unavailable`; the line isn't in the file then
   */
  append(value: unknown, { durable }: { readonly durable: boolean }): void {
    if (this.#broken) throw this.#broken;
    const line = Buffer.from(`${JSON.stringify(value)}\n`);
    try {
      this.#write(this.#file, line, this.#length);
    } catch (error) {
      throw this.#cutBack(error);
    }
    if (durable) this.#sync(this.#file);
    this.#length += line.length;
    this.#lines += 1;
  }

  /**
   * Replaces the whole file by these lines after the header. Another file is written and put in place, so
   * that a crash leaves either the old or the new one.
   *
   * @throws KeyStoreError `storage_unavailable`; the old file stays, and stays usable, unless `append` says otherwise
   */
  rewrite(values: Iterable<unknown>): void {
    if (this.#broken) throw this.#broken;
    const lines = [this.#header, ...Array.from(values, (value) => JSON.stringify(value))];
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    let file: number | undefined;
    try {
      file = fs.openSync(this.#temporary, O_RDWR | O_CREAT | O_EXCL, 0o600);
      this.#write(file, bytes, 0);
      this.#io.fsyncSync(file);
      fs.renameSync(this.#temporary, this.#path);
    } catch (error) {
      if (file !== undefined) fs.closeSync(file);
      fs.rmSync(this.#temporary, { force: true });
      throw toStorageError(`The key store '${this.#path}' can't be written anew`, error);
    }
    fs.closeSync(this.#file);
    this.#file = file;
    this.#length = bytes.length;
    this.#lines = lines.length;
    this.#syncFolder();
  }

  close(): void {
    this.#broken ??= new KeyStoreError('storage_unavailable', 'The key store is closed.');
    fs.closeSync(this.#file);
  }

  get #temporary(): string {
    return `${this.#path}.tmp`;
  }

  #read(onLine: (value: unknown, number: number) => void, onWarning: (message: string) => void): void {
    const bytes = fs.readFileSync(this.#file);
    const decoder = new TextDecoder('utf-8', { fatal: true });
    for (let end; (end = bytes.indexOf(NEWLINE, this.#length)) !== -1; this.#length = end + 1) {
      this.#lines += 1;
      try {
        onLine(JSON.parse(decoder.decode(bytes.subarray(this.#length, end))), this.#lines);
      } catch (error) {
        throw KeyStoreError.isInstance(error) ? error : this.#corrupt(this.#lines, error);
      }
    }
    const torn = bytes.length - this.#length;
    if (this.#lines === 0 && !this.#header.startsWith(bytes.toString('latin1'))) {
      throw this.#corrupt(1, new Error('this is no key store'));
    }
    if (torn > 0) {
      this.#io.ftruncateSync(this.#file, this.#length);
      if (this.#lines > 0)
        onWarning(`'${this.#path}' ended in ${torn} bytes of an unfinished line; they were cut off.`);
    }
    if (this.#lines === 0) {
      this.append(JSON.parse(this.#header), { durable: true });
      this.#syncFolder();
    }
  }

  /** Writes all bytes: a full disk first shows as a short count, and as an error only the next time. */
  #write(file: number, bytes: Buffer, position: number): void {
    for (let done = 0; done < bytes.length;) {
      const count = this.#io.writeSync(file, bytes, done, bytes.length - done, position + done);
      if (count === 0) throw new Error('nothing could be written');
      done += count;
    }
  }

  #cutBack(error: unknown): KeyStoreError {
    const failure = toStorageError(`The key store '${this.#path}' can't be written`, error);
    try {
      this.#io.ftruncateSync(this.#file, this.#length);
    } catch {
      this.#broken = failure;
    }
    return failure;
  }

  /** After a failed sync nobody knows what is on disk, so nothing more is written until the file is opened anew. */
  #sync(file: number): void {
    try {
      this.#io.fsyncSync(file);
    } catch (error) {
      this.#broken = this.#cutBack(error);
      throw this.#broken;
    }
  }

  #syncFolder(): void {
    if (process.platform === 'win32') return;
    const folder = fs.openSync(dirname(this.#path), 'r');
    try {
      this.#io.fsyncSync(folder);
    } catch (error) {
      this.#broken = toStorageError(`The folder of '${this.#path}' can't be synced`, error);
      throw this.#broken;
    } finally {
      fs.closeSync(folder);
    }
  }

  #corrupt(line: number, cause: unknown): KeyStoreError {
    const reason = errorText(cause);
    return new KeyStoreError(
      'corrupt',
      `Line ${line} of '${this.#path}' can't be read (${reason}). Restore the file from a copy, or delete that line.`,
      { cause },
    );
  }
}
