import type { CommandModule } from 'yargs';
import { notice, printJson } from '../../print.js';
import { UsageError } from '../../report-error.js';
import { withKeys } from '../../with-keys.js';

/** `mcli key revoke`: ends a key for ever; running servers refuse it within a second. */
export const keyRevokeCommand: CommandModule<object, { id?: string; json?: boolean }> = {
  command: 'revoke <id>',
  describe: 'End a key for ever',
  builder: (parser) =>
    parser
      .positional('id', { type: 'string', describe: "The key's id, from 'mcli key list'" })
      .option('json', { type: 'boolean', describe: 'Print one JSON object' }),
  handler: async ({ id = '', json }) => {
    if (!(await withKeys((keys) => keys.revoke(id)))) {
      throw new UsageError(`There is no key '${id}'. 'mcli key list' shows the ids.`);
    }
    if (json) return printJson({ id, revoked: true });
    notice(`The key ${id} is revoked.`);
  },
};
