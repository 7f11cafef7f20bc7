import type { StartOption } from '@mcli/model-server/options';
import { startOptions } from '@mcli/model-server/options';
import type { Argv, CommandModule } from 'yargs';
import { notice, print, printed } from '../../print.js';
import { progressReporter } from '../../progress-reporter.js';
import { startBanner } from '../../start-banner.js';

/** `mcli model start`: serves until it is told to stop. */
export const modelStartCommand: CommandModule = {
  command: 'start',
  describe: 'Serve models over HTTP',
  builder: addOptions,
  handler: async (flags) => {
    const stop = stopSignal(); // first: from here on no signal ends it unheard
    const { readConfig, startServer } = await import('@mcli/model-server');
    const progress = progressReporter(process.stderr);
    const config = readConfig(flags);
    const server = await startServer(config, { onProgress: progress.report, logStream: progress.beside });
    try {
      const facts = await Promise.race([server.ready(), stop]);
      progress.done();
      if (facts) startBanner(facts).forEach((line) => print(line));
      void printed().then((failure) => {
        if (failure) notice('mcli: The start message could not be written. The server runs all the same.');
      });
      await stop;
    } finally {
      progress.done();
      await server.close();
    }
  },
};

function addOptions(parser: Argv): Argv {
  for (const [name, option] of Object.entries<StartOption>(startOptions)) {
    const { kind, describe, defaultText: defaultDescription } = option;
    parser.option(name, {
      ...(kind === 'list'
        ? { type: 'string', array: true, nargs: 1 }
        : { type: kind, requiresArg: kind !== 'boolean' }),
      describe,
      ...(defaultDescription === undefined ? {} : { defaultDescription }),
    });
  }
  return parser
    .option('config', {
      type: 'string',
      requiresArg: true,
      describe: 'Configuration file',
      defaultDescription: '$MCLI_HOME/config.json',
    })
    .example('$0 model start --openai-compatible', 'The embedded model, with a first key')
    .example('$0 model start --openai-compatible --model ./my-model.gguf --port 8080', 'A model of your own')
    .epilogue(
      'Every option has an environment twin, such as MCLI_PORT for --port, and may stand in $MCLI_HOME/config.json.\n' +
        '--api-key shows in the process list; MCLI_API_KEY, --api-key-file and stored keys (mcli key create) do not.',
    );
}

/**
 * Resolves at the first SIGINT or SIGTERM, also while the server starts; a second signal ends the process at once.
 * SIGHUP is ignored: the server outlives the terminal that it was started from.
 */
function stopSignal(): Promise<void> {
  process.on('SIGHUP', () => undefined);
  return new Promise((resolve) => {
    let stopping = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (stopping) process.exit(1);
        stopping = true;
        resolve();
      });
    }
  });
}
