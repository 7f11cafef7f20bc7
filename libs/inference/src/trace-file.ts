import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { TraceEvent, TraceSink } from './engine/trace.js';

export interface TraceFileOptions {
  /** What the viewer calls this process, such as the model's id. @default nothing */
  readonly name?: string | undefined;
  /** Longest time that an event is kept in memory, in milliseconds. @default 1000 */
  readonly flushMs?: number | undefined;
}

export interface TraceFile extends TraceSink {
  /** Writes what is left and completes the file. Happens by itself when the process exits; later events are ignored. */
  close(): void;
}

/** Characters kept in memory at most, and read again at most to go on with a file. */
const bufferSize = 65_536;
/** How every trace of ours begins. */
const opening = '[\n{"name":';

/**
 * Writes a trace to a file: the JSON array of the Trace Event Format, for https://ui.perfetto.dev or chrome://tracing.
 * Times are taken for `performance.now`'s and written as microseconds since 1970, so that traces of several
 * processes fit together.
 *
 * Goes on with a trace that is there already, as a process does that was started again. What a killed process leaves
 * behind lacks the last `flushMs` and the closing bracket, which the format allows.
 *
 * Format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 *
 * @throws Error when the file can't be opened, or is something else than a trace
 */
export function createTraceFile(path: string, options: TraceFileOptions = {}): TraceFile {
  const { name, flushMs = 1000 } = options;
  const { file, isEmpty } = openTrace(path);
  let separator = isEmpty ? '[\n' : ',\n';
  let buffer = '';
  let timer: NodeJS.Timeout | undefined;
  let isOpen = true;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const text = buffer;
    buffer = '';
    try {
      if (isOpen) writeSync(file, text);
    } catch (error) {
      isOpen = false;
      process.emitWarning(`The trace ${path} ends here: ${(error as Error).message}`);
    }
  };
  const put = (entry: object): void => {
    if (!isOpen) return;
    buffer += separator + JSON.stringify(entry);
    separator = ',\n';
    if (buffer.length >= bufferSize) flush();
    else timer ??= setTimeout(flush, flushMs).unref();
  };
  const close = (): void => {
    process.off('exit', close);
    buffer += '\n]\n';
    flush();
    if (isOpen) closeSync(file);
    isOpen = false;
  };

  process.once('exit', close);
  for (const [at, category] of tracks.entries()) put(toName('thread_name', `${category}s`, at + 1));
  if (name !== undefined) put(toName('process_name', name));
  return {
    event: (event) => put(toEntry(event)),
    close: () => {
      if (isOpen) close();
    },
  };
}

const tracks: readonly TraceEvent['category'][] = ['step', 'operator', 'request'];

function toEntry({ type, category, name, node, atMs, durationMs = 0, id = 0, counts }: TraceEvent): object {
  const ts = toMicroseconds(performance.timeOrigin + atMs);
  const args = node === undefined ? counts : { ...counts, node };
  const entry = { name, cat: category, ts, pid: process.pid, tid: tracks.indexOf(category) + 1, args };
  if (type === 'slice') return { ...entry, ph: 'X', dur: toMicroseconds(durationMs) };
  return { ...entry, ph: type === 'begin' ? 'b' : 'e', id2: { local: String(id) } };
}

function toName(kind: 'process_name' | 'thread_name', name: string, tid = 0): object {
  return { name: kind, ph: 'M', pid: process.pid, tid, args: { name } };
}

function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000);
}

/** Opens a file where the next event belongs: without the closing bracket, or half an event, of who wrote before. */
function openTrace(path: string): { readonly file: number; readonly isEmpty: boolean } {
  const file = openSync(path, 'a+');
  const { size } = fstatSync(file);
  if (size === 0) return { file, isEmpty: true };
  const bytes = Buffer.alloc(Math.min(size, bufferSize));
  readSync(file, bytes, 0, bytes.length, 0);
  if (!bytes.toString('latin1').startsWith(opening)) {
    closeSync(file);
    throw new Error(`${path} is no trace: it is left as it is.`);
  }
  readSync(file, bytes, 0, bytes.length, size - bytes.length);
  const start = bytes.lastIndexOf('\n{') + 1;
  const last = bytes.toString('utf8', start).replace(/\s*\]\s*$/, '');
  const kept = isJson(last) ? start + Buffer.byteLength(last) : start - ',\n'.length;
  ftruncateSync(file, size - bytes.length + kept);
  return { file, isEmpty: fstatSync(file).size === 0 };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
