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
} {
  let phase: string | undefined;
  let width = 0;
  const show = (line: string) => {
    stream.write(`\r${line.padEnd(width)}`);
    width = line.length;
  };
  return {
    report: (progress) => {
      const percent =
        progress.fraction === undefined ? '' : ` ${String(Math.floor(progress.fraction * 100)).padStart(3)} %`;
      if (stream.isTTY) show(`${progress.phase} …${percent}`);
      else if (progress.phase !== phase) stream.write(`${progress.phase} …\n`);
      phase = progress.phase;
    },
    done: () => {
      if (stream.isTTY && width > 0) stream.write(`\r${' '.repeat(width)}\r`);
      width = 0;
    },
  };
}
