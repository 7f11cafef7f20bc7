import type { CommandModule } from 'yargs';
import { modelListCommand } from './model/list.js';
import { modelStartCommand } from './model/start.js';

export const modelCommand: CommandModule = {
  command: 'model',
  describe: 'Serve and list models',
  builder: (parser) => parser.command(modelStartCommand).command(modelListCommand).demandCommand(1, 'Name a command.'),
  handler: () => undefined,
};
