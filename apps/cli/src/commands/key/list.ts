import type { ApiKeyRecord } from '@mcli/auth-keys';
import type { CommandModule } from 'yargs';
import { keyJson } from '../../key-json.js';
import { notice, print, printJson } from '../../print.js';
import { table } from '../../table.js';
import { withKeys } from '../../with-keys.js';

/** `mcli key list`: what may be known of the keys, never the keys. */
export const keyListCommand: CommandModule<object, { json?: boolean }> = {
  command: 'list',
  describe: 'List the keys',
  builder: (parser) => parser.option('json', { type: 'boolean', describe: 'Print one JSON object' }),
  handler: async ({ json }) => {
    const records = await withKeys((keys) => keys.list());
    if (json) return printJson({ object: 'list', data: records.map(keyJson) });
    if (records.length === 0) return notice("There is no key. 'mcli key create' makes one.");
    print(
      table([
        ['ID', 'NAME', 'TYPE', 'STATE', 'CREATED', 'LAST USED', 'USES'],
        ...records.map((record) => [
          record.id,
          record.name,
          record.type,
          stateOf(record),
          day(record.createdAt),
          day(record.lastUsedAt),
          String(record.useCount),
        ]),
      ]),
    );
    const { damagedKeys } = await import('@mcli/auth-keys');
    for (const { id, damaged } of damagedKeys(records)) {
      notice(`What is stored of key ${id} is damaged (${damaged}), so it is refused. 'mcli key revoke ${id}' ends it.`);
    }
  },
};

function stateOf({ revokedAt, expiresAt, damaged }: ApiKeyRecord): string {
  if (revokedAt !== null) return 'revoked';
  if (damaged !== undefined) return 'damaged';
  if (expiresAt === null) return 'good';
  return expiresAt <= Date.now() ? 'expired' : `until ${day(expiresAt)}`;
}

function day(time: number | null): string {
  return time === null ? 'never' : new Date(time).toISOString().slice(0, 10);
}
