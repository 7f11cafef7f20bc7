let written: Promise<void> = Promise.resolve();
let failure: NodeJS.ErrnoException | undefined;

/** A line on stdout: what a command was asked for. */
export function print(line = ''): void {
  written = new Promise((resolve) => {
    const settle = (error?: Error | null) => {
      failure ??= error ?? undefined;
      resolve();
    };
    try {
      process.stdout.write(`${line}\n`, settle);
    } catch (error) {
      settle(error as Error);
    }
  });
}

/** The one JSON object that `--json` promises. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** A line on stderr: what a person may want to know beside it. Dropped when nobody can read it. */
export function notice(line = ''): void {
  try {
    process.stderr.write(`${line}\n`);
  } catch {
    // There is nowhere else to say it.
  }
}

/** Keeps errors of stdout and stderr from ending the process: their readers may go away, their disks be full. */
export function guardOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/**
 * Resolves when the lines that were printed so far are written.
 *
 * @returns why one of them couldn't be, told once; its code is `EPIPE` when the reader went away
 */
export async function printed(): Promise<NodeJS.ErrnoException | undefined> {
  await written;
  const found = failure;
  failure = undefined;
  return found;
}
