/** A line on stdout: what a command was asked for. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** The one JSON object that `--json` promises. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** A line on stderr: what a person may want to know beside it. */
export function notice(line = ''): void {
  process.stderr.write(`${line}\n`);
}
