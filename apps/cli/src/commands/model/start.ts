import type { StartOption } from '@mcli/model-server/options';
import { startOptions } from '@mcli/model-server/options';
import type { Argv, CommandModule } from 'yargs';
import { print } from '../../print.js';
import { progressReporter } from '../../progress-reporter.js';
import { startBanner } from '../../start-banner.js';

/** `mcli model start`: serves until it is told to stop. */
export const modelStartCommand: CommandModule = {
  command: 'start',
  describe: 'Serve models over HTTP',
  builder: addOptions,
  handler: async (flags) => {
    const { readConfig, startServer } = await import('@mcli/model-server');
    const progress = progressReporter(process.stderr);
    const server = await startServer(readConfig(flags), { onProgress: progress.report });
    const stop = stopOnSignal(() => server.close());
    try {
      const facts = await Promise.race([server.ready(), stop]);
      progress.done();
      if (facts) startBanner(facts).forEach((line) => print(line));
    } catch (error) {
      progress.done();
      await server.close();
      throw error;
    }
    await stop;
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

/** Resolves when the server has closed after SIGINT or SIGTERM; a second signal ends the process at once. */
function stopOnSignal(close: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (stopping) process.exit(1);
        stopping = true;
        close().then(resolve, reject);
      });
    }
  });
}
