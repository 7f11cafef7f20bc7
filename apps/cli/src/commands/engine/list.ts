import type { CommandModule } from 'yargs';
import { engineReport } from '../../engine-report.js';
import { print, printJson } from '../../print.js';

/** `mcli engine list`: what runs models here, on which devices, and how to add a GPU. */
export const engineListCommand: CommandModule<object, { json?: boolean }> = {
  command: 'list',
  describe: 'List engines, devices and how to add a GPU',
  builder: (parser) => parser.option('json', { type: 'boolean', describe: 'Print one JSON object' }),
  handler: async ({ json }) => {
    const { listEngines } = await import('@mcli/model-server');
    const list = await listEngines();
    if (json) printJson(list);
    else engineReport(list).forEach((line) => print(line));
  },
};
