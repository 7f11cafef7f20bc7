import { progressReporter } from './progress-reporter.js';

function terminal(isTTY: boolean) {
  let text = '';
  const stream = { isTTY, write: (more: string | Uint8Array) => ((text += String(more)), true) };
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => text };
}

describe('progressReporter', () => {
  it('takes the changing line away before anything else is written, and shows it again', () => {
    const { stream, written } = terminal(true);
    const { report, done, beside } = progressReporter(stream);
    report({ phase: 'Loading' });
    beside.write('a line of the log\n');
    done();
    beside.write('another\n');
    const gone = `\r${' '.repeat('Loading …'.length)}\r`;
    expect(written()).toBe(`\rLoading …${gone}a line of the log\n\rLoading …${gone}another\n`);
  });

  it('leaves what is written beside it as it is where no line changes', () => {
    const { stream, written } = terminal(false);
    const { report, beside } = progressReporter(stream);
    report({ phase: 'Loading' });
    beside.write('a line of the log\n');
    expect(written()).toBe('Loading …\na line of the log\n');
  });
});
