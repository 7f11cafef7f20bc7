import { readFileSync } from 'node:fs';
import { closest, distance } from 'fastest-levenshtein';
import yargs from 'yargs';
import { engineCommand } from './commands/engine.js';
import { keyCommand } from './commands/key.js';
import { modelCommand } from './commands/model.js';
import { printed } from './print.js';
import { UsageError, reportError } from './report-error.js';

/**
 * Runs one command line.
 *
 * @param args without the program's name
 * @returns the exit code: 0 ok (also when the reader of the output went away), 1 failed, 2 usage, 78 corrupt state
 */
export async function run(args: readonly string[]): Promise<number> {
  const parser = yargs([...args])
    .scriptName('mcli')
    .usage('$0 <command>\n\nYour own models behind an OpenAI-compatible API, on your own machine.')
    .parserConfiguration({ 'boolean-negation': false, 'camel-case-expansion': false, 'dot-notation': false })
    .command(modelCommand)
    .command(keyCommand)
    .command(engineCommand)
    .option('verbose', { type: 'boolean', describe: 'Show stack traces', global: true })
    .version(version())
    .alias('help', 'h')
    .strict()
    .strictCommands()
    .recommendCommands()
    .demandCommand(1, 'Name a command.')
    .wrap(Math.min(110, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message, error, usage) => {
      // A YError says what is wrong with the command line; others come from the command itself.
      if (error && error.name !== 'YError') throw error;
      const help = (usage as unknown as KnowsHelp).help?.() ?? '';
      throw new UsageError(explain(message ?? error?.message ?? 'Not understood.', help));
    });
  try {
    await parser.parseAsync();
    const failure = await printed();
    if (failure && failure.code !== 'EPIPE') throw new Error(`The output can't be written: ${reasonOf(failure)}.`);
    return 0;
  } catch (error) {
    return reportError(error, args.includes('--verbose'));
  }
}

/** What yargs passes as the third argument of a fail function, which its types don't say. */
interface KnowsHelp {
  help?(): string;
}

/**
 * One line out of yargs' words, with the flag that was probably meant.
 *
 * @param help the help text of the command that was named
 */
function explain(message: string, help: string): string {
  const [usage = ''] = help.split('\n');
  const unknown = /^Unknown arguments?: ([^,]+)/.exec(message)?.[1];
  if (unknown !== undefined) {
    const known = [...help.matchAll(/--([a-z][a-z-]*)/g)].flatMap(([, name]) => name ?? []);
    const near = known.length ? closest(unknown, known) : undefined;
    const likely = near !== undefined && distance(unknown, near) <= Math.max(2, near.length / 2);
    return `Unknown argument: ${unknown}.${likely ? ` Did you mean --${near}?` : ''} 'mcli --help' shows what there is.`;
  }
  const missing = /<[a-z]+>/.exec(usage)?.[0];
  if (message.startsWith('Not enough non-option') && missing) return `${missing} is missing: ${usage.trim()}`;
  return message.replace(/\s*\n\s*/g, ' ');
}

function reasonOf({ code }: NodeJS.ErrnoException): string {
  return code === 'ENOSPC' ? 'the disk is full' : (code ?? 'unknown reason');
}

function version(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}
