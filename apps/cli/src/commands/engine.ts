import type { CommandModule } from 'yargs';
import { engineListCommand } from './engine/list.js';

export const engineCommand: CommandModule = {
  command: 'engine',
  describe: 'List what can run models, and the GPUs',
  builder: (parser) => parser.command(engineListCommand).demandCommand(1, 'Name a command.'),
  handler: () => undefined,
};
