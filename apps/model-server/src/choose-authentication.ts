import { createStaticKeys, damagedKeys, hasKeyPrefix, parseKey, STRONG_KEY_LENGTH, verifyAny } from '@mcli/auth-keys';
import type { ApiKeyRecord, KeyManager, KeyVerifier } from '@mcli/auth-keys';
import { isLoopback } from './addresses.js';
import type { ServerConfig } from './config.js';
import { StartError } from './start-error.js';

export interface Authentication {
  readonly verifier: KeyVerifier;
  /** For a person: which keys are accepted. */
  readonly description: string;
  readonly warnings: readonly string[];
  /** The whole first key, when one was made just now. */
  readonly firstKey?: string;
}

const howToMakeOne = "Make one with 'mcli key create'";

/**
 * Which keys the server accepts: those given at start, beside those that are stored. On a loopback address
 * a first key is made when there is none of either kind.
 *
 * @throws StartError `usage` for a key that can't be used, and for a public address without any key
 */
export async function chooseAuthentication(
  config: Pick<ServerConfig, 'host' | 'apiKeys' | 'firstKey'>,
  keys: KeyManager,
): Promise<Authentication> {
  const loopback = isLoopback(config.host);
  const given = [...new Set(config.apiKeys.filter((key) => !hasKeyPrefix(key)))];
  for (const key of config.apiKeys.filter(hasKeyPrefix)) await requireStored(key, keys);
  const short = given.some((key) => key.length < STRONG_KEY_LENGTH);
  if (short && !loopback) {
    throw new StartError('usage', `On a public address an --api-key needs ${STRONG_KEY_LENGTH} characters or more.`);
  }
  const fixed = given.length > 0 ? staticKeys(given) : undefined;
  const now = Date.now();
  const records = await keys.list();
  const usable = records.filter((record) => isUsable(record, now));
  const stored = usable.filter(({ type }) => type === 'inference').length;
  if (given.length === 0 && stored === 0 && !loopback) {
    throw new StartError(
      'usage',
      `${config.host} can be reached from outside, and there is no key. ${howToMakeOne}, or give one with --api-key-file.`,
    );
  }
  const first = given.length === 0 && usable.length === 0 && config.firstKey;
  const firstKey = first ? (await keys.create({ name: 'first key' })).key : undefined;
  const warnings: string[] = [];
  if (short) warnings.push(`An --api-key has fewer than ${STRONG_KEY_LENGTH} characters and can be guessed.`);
  for (const { id } of damagedKeys(records)) {
    warnings.push(`What is stored of key ${id} is damaged; it is refused. Revoke it with 'mcli key revoke ${id}'.`);
  }
  const count = stored + (first ? 1 : 0);
  if (count + given.length === 0) warnings.push(`There is no key: every request is refused. ${howToMakeOne}.`);
  return {
    verifier: fixed ? verifyAny([fixed, keys]) : keys,
    description: describe(count, given.length),
    warnings,
    ...(firstKey === undefined ? {} : { firstKey }),
  };
}

function isUsable({ revokedAt, expiresAt, damaged }: ApiKeyRecord, now: number): boolean {
  return damaged === undefined && revokedAt === null && (expiresAt === null || expiresAt > now);
}

function describe(stored: number, given: number): string {
  const parts = [stored > 0 ? `${stored} stored` : '', given > 0 ? `${given} given at start` : ''].filter(Boolean);
  return `API keys (${parts.join(', ') || 'none'})`;
}

async function requireStored(key: string, keys: KeyManager): Promise<void> {
  const verdict = parseKey(key) ? await keys.verify(key) : undefined;
  if (verdict?.ok) return;
  const several = key.includes(',') ? ' A comma is part of a key: for several keys, repeat the flag.' : '';
  throw new StartError(
    'usage',
    `An --api-key has the form of a stored key, but no such key is stored here. Leave it out, or use a key of another form.${several}`,
  );
}

function staticKeys(given: readonly string[]): KeyVerifier {
  try {
    return createStaticKeys(given);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'not usable.';
    throw new StartError('usage', `--api-key: ${reason}`, { cause: error });
  }
}
