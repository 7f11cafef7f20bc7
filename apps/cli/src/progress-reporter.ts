import type { Progress } from '@mcli/model-server';
import { progressLine } from './progress-line.js';

/** Between two plain lines of one phase. */
const plainLineMs = 10_000;

/** Shows progress: a line that changes on a terminal; elsewhere plain lines, for each phase and every ten seconds. */
export function progressReporter(stream: NodeJS.WriteStream): {
  readonly report: (progress: Progress) => void;
  readonly done: () => void;
} {
  let phase: string | undefined;
  let width = 0;
  let written = 0;
  const show = (line: string) => {
    stream.write(`\r${line.padEnd(width)}`);
    width = line.length;
  };
  return {
    report: (progress) => {
      if (stream.isTTY) show(progressLine(progress));
      else if (progress.phase !== phase || Date.now() - written >= plainLineMs) {
        stream.write(`${progressLine(progress)}\n`);
        written = Date.now();
      }
      phase = progress.phase;
    },
    done: () => {
      if (stream.isTTY && width > 0) stream.write(`\r${' '.repeat(width)}\r`);
      width = 0;
    },
  };
}
