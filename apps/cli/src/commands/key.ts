import type { CommandModule } from 'yargs';
import { keyCreateCommand } from './key/create.js';
import { keyListCommand } from './key/list.js';
import { keyRevokeCommand } from './key/revoke.js';

export const keyCommand: CommandModule = {
  command: 'key',
  describe: 'Make, list and revoke API keys',
  builder: (parser) =>
    parser
      .command(keyCreateCommand)
      .command(keyListCommand)
      .command(keyRevokeCommand)
      .demandCommand(1, 'Name a command.'),
  handler: () => undefined,
};
