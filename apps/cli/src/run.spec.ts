import { jest } from '@jest/globals';
import { run } from './run.js';

describe('mcli', () => {
  let stdout: string;
  let stderr: string;

  beforeEach(() => {
    stdout = stderr = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((stdout += String(text)), true));
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((stderr += String(text)), true));
    jest.spyOn(console, 'log').mockImplementation((text) => void (stdout += `${String(text)}\n`));
    jest.spyOn(console, 'error').mockImplementation((text) => void (stderr += `${String(text)}\n`));
  });

  afterEach(() => jest.restoreAllMocks());

  it('shows its commands on request', async () => {
    expect(await run(['--help'])).toBe(0);
    expect(stdout).toMatch(/mcli model/);
    expect(stdout).toMatch(/mcli key/);
  });

  it('shows the options of a command', async () => {
    expect(await run(['model', 'start', '--help'])).toBe(0);
    for (const flag of ['--openai-compatible', '--port', '--api-key-file', 'MCLI_PORT']) expect(stdout).toContain(flag);
  });

  it.each([
    [[], /Name a command/],
    [['model'], /Name a command/],
    [['modle', 'start'], /Did you mean model/],
    [['model', 'strat'], /Did you mean start/],
    [['model', 'start', '--prot', '80'], /Unknown argument: prot\. Did you mean --port\?/],
    [['key', 'create', '--nmae', 'x'], /Unknown argument: nmae\. Did you mean --name\?/],
    [['model', 'start', '--port'], /port/],
    [['key', 'create', '--expires', 'soon'], /--expires takes a number/],
    [['key', 'revoke'], /id/],
    [['key', 'create', '--scopes', ''], /--scopes has an empty value/],
    [['key', 'create', '--models', ''], /--models has an empty value/],
  ])('refuses %j with exit code 2 and one line', async (args, message) => {
    expect(await run(args)).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
