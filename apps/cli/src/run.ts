import { readFileSync } from 'node:fs';
import { closest, distance } from 'fastest-levenshtein';
import yargs from 'yargs';
import { keyCommand } from './commands/key.js';
import { modelCommand } from './commands/model.js';
import { UsageError, reportError } from './report-error.js';

/**
 * Runs one command line.
 *
 * @param args without the program's name
 * @returns the exit code: 0 ok, 1 failed, 2 usage, 78 corrupt state
 */
export async function run(args: readonly string[]): Promise<number> {
  const parser = yargs([...args])
    .scriptName('mcli')
    .usage('$0 <command>\n\nYour own models behind an OpenAI-compatible API, on your own machine.')
    .parserConfiguration({ 'boolean-negation': false, 'camel-case-expansion': false, 'dot-notation': false })
    .command(modelCommand)
    .command(keyCommand)
    .option('verbose', { type: 'boolean', describe: 'Show stack traces', global: true })
    .version(version())
    .alias('help', 'h')
    .strict()
    .strictCommands()
    .recommendCommands()
    .demandCommand(1, 'Name a command.')
    .wrap(Math.min(110, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message, error, parser) => {
      throw error ?? new UsageError(suggest(message, parser as unknown as KnowsOptions));
    });
  try {
    await parser.parseAsync();
    return 0;
  } catch (error) {
    return reportError(error, args.includes('--verbose'));
  }
}

/** A method of yargs' instances that its types leave out. */
interface KnowsOptions {
  getOptions?(): { readonly key: Readonly<Record<string, unknown>> };
}

/** Adds to yargs' words for an unknown flag the flag that was probably meant. */
function suggest(message: string, parser: KnowsOptions): string {
  const unknown = /^Unknown arguments?: ([^,]+)/.exec(message)?.[1];
  if (unknown === undefined) return message.replace(/\n+/g, ' ');
  const known = Object.keys(parser.getOptions?.().key ?? {}).filter((name) => name.length > 1);
  const near = known.length ? closest(unknown, known) : undefined;
  const likely = near !== undefined && distance(unknown, near) <= Math.max(2, near.length / 2);
  return `Unknown argument: ${unknown}.${likely ? ` Did you mean --${near}?` : ''} 'mcli --help' shows what there is.`;
}

function version(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}
