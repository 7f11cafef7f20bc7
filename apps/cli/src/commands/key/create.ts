import type { CommandModule } from 'yargs';
import { parseDuration } from '../../duration.js';
import { keyJson } from '../../key-json.js';
import { parseList } from '../../parse-list.js';
import { notice, print, printJson, printed } from '../../print.js';
import { UsageError } from '../../report-error.js';
import { withKeys } from '../../with-keys.js';

interface Flags {
  name?: string;
  admin?: boolean;
  scopes?: string[];
  models?: string[];
  expires?: string;
  json?: boolean;
}

/** `mcli key create`: the only moment the whole key is shown. */
export const keyCreateCommand: CommandModule<object, Flags> = {
  command: 'create',
  describe: 'Make a key and show it once',
  builder: (parser) =>
    parser
      .option('name', {
        type: 'string',
        requiresArg: true,
        describe: 'Whose key it is, or what for',
        defaultDescription: 'key',
      })
      .option('models', {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'Only these models; may repeat or take commas',
      })
      .option('scopes', {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'Only these scopes; may repeat or take commas',
      })
      .option('expires', { type: 'string', requiresArg: true, describe: 'End it after this time, such as 90d' })
      .option('admin', { type: 'boolean', describe: 'Make an admin key: it manages keys and generates nothing' })
      .option('json', { type: 'boolean', describe: 'Print one JSON object' })
      .example('$0 key create --name aider', 'A key for one tool'),
  handler: async ({ name, admin, scopes, models, expires, json }) => {
    const wanted = {
      scopes: parseList(scopes, '--scopes'),
      models: parseList(models, '--models'),
      expiresInMs: expires === undefined ? undefined : parseDuration(expires, '--expires'),
    };
    const { key, record } = await withKeys(async (keys) => {
      try {
        return await keys.create({
          name: name ?? 'key',
          type: admin ? 'admin' : 'inference',
          ...wanted,
        });
      } catch (error) {
        throw error instanceof TypeError ? new UsageError(error.message) : error;
      }
    });
    if (json) printJson({ ...keyJson(record), key });
    else {
      notice(`A key '${record.name}' was made, id ${record.id}. It is shown only now:`);
      print(key);
    }
    if (await printed()) {
      throw new Error(`The key couldn't be shown and is lost: take it back with 'mcli key revoke ${record.id}'.`);
    }
  },
};
