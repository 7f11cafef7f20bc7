import type { CommandModule } from 'yargs';
import { print, printJson } from '../../print.js';
import { table } from '../../table.js';

/** `mcli model list`: what `--model` can name. */
export const modelListCommand: CommandModule<object, { json?: boolean }> = {
  command: 'list',
  describe: 'List the models that are here',
  builder: (parser) => parser.option('json', { type: 'boolean', describe: 'Print one JSON object' }),
  handler: async ({ json }) => {
    const { listModels, mebibytes } = await import('@mcli/model-server');
    const models = await listModels();
    if (json) return printJson({ object: 'list', data: models });
    print(
      table([
        ['ID', 'SIZE', 'ENGINE', 'STATE', 'FILE'],
        ...models.map(({ id, size_bytes, engine, engine_reason, built, path }) => [
          id,
          `${Math.round(mebibytes(size_bytes))} MiB`,
          `${engine} (${engine_reason})`,
          engine === 'llama.cpp' ? 'needs no build' : built ? 'built' : 'builds at first start',
          path,
        ]),
      ]),
    );
  },
};
