import { Writable } from 'node:stream';
import type { Progress } from '@mcli/model-server';
import { progressLine } from './progress-line.js';

/** Between two plain lines of one phase. */
const plainLineMs = 10_000;

/** Shows progress: a line that changes on a terminal; elsewhere plain lines, for each phase and every ten seconds. */
export function progressReporter(stream: NodeJS.WriteStream): {
  readonly report: (progress: Progress) => void;
  readonly done: () => void;
  /** Writes to the same stream: the changing line goes away before, and comes back after. */
  readonly beside: NodeJS.WritableStream;
} {
  let phase: string | undefined;
  let written = 0;
  let shown = '';
  const show = (line: string) => {
    stream.write(`\r${line.padEnd(shown.length)}`);
    shown = line;
  };
  const clear = () => {
    if (shown !== '') stream.write(`\r${' '.repeat(shown.length)}\r`);
    shown = '';
  };
  const besideLine = new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      const line = shown;
      clear();
      stream.write(chunk);
      if (line !== '') show(line);
      done();
    },
  });
  return {
    report: (progress) => {
      if (stream.isTTY) show(progressLine(progress));
      else if (progress.phase !== phase || Date.now() - written >= plainLineMs) {
        stream.write(`${progressLine(progress)}\n`);
        written = Date.now();
      }
      phase = progress.phase;
    },
    done: clear,
    beside: stream.isTTY ? besideLine : stream,
  };
}
