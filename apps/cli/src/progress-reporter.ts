import { Writable } from 'node:stream';

/** One step of something that takes a while. */
export interface Progress {
  readonly phase: string;
  /** 0 to 1; undefined where nobody knows. */
  readonly fraction?: number | undefined;
}

/** Shows progress: a line that changes on a terminal, a plain line for each phase elsewhere. */
export function progressReporter(stream: NodeJS.WriteStream): {
  readonly report: (progress: Progress) => void;
  readonly done: () => void;
  /** Writes to the same stream: the changing line goes away before, and comes back after. */
  readonly beside: NodeJS.WritableStream;
} {
  let phase: string | undefined;
  let width = 0;
  let shown = '';
  const show = (line: string) => {
    stream.write(`\r${line.padEnd(width)}`);
    width = line.length;
    shown = line;
  };
  const clear = () => {
    if (stream.isTTY && width > 0) stream.write(`\r${' '.repeat(width)}\r`);
    width = 0;
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
      const percent =
        progress.fraction === undefined ? '' : ` ${String(Math.floor(progress.fraction * 100)).padStart(3)} %`;
      if (stream.isTTY) show(`${progress.phase} …${percent}`);
      else if (progress.phase !== phase) stream.write(`${progress.phase} …\n`);
      phase = progress.phase;
    },
    done: () => {
      clear();
      shown = '';
    },
    beside: stream.isTTY ? besideLine : stream,
  };
}
