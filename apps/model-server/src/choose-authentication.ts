import { createStaticKeys, hasKeyPrefix, parseKey, STRONG_KEY_LENGTH, verifyAny } from '@mcli/auth-keys';
import type { KeyManager, KeyVerifier } from '@mcli/auth-keys';
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

/**
 * Which keys the server accepts: those given at start, beside those that are stored. On a loopback address
 * a first key is made when there is none of either kind.
 *
 * @throws StartError `usage` for a key that can't be used, and for a public address without any key
 */
export async function chooseAuthentication(config: ServerConfig, keys: KeyManager): Promise<Authentication> {
  const loopback = isLoopback(config.host);
  const given = config.apiKeys.filter((key) => !hasKeyPrefix(key));
  for (const key of config.apiKeys.filter(hasKeyPrefix)) await requireStored(key, keys);
  const short = given.some((key) => key.length < STRONG_KEY_LENGTH);
  if (short && !loopback) {
    throw new StartError('usage', `On a public address an --api-key needs ${STRONG_KEY_LENGTH} characters or more.`);
  }
  const now = Date.now();
  const stored = (await keys.list()).filter(
    ({ revokedAt, expiresAt, type }) =>
      type === 'inference' && revokedAt === null && (expiresAt === null || expiresAt > now),
  );
  let firstKey: string | undefined;
  const warnings = short ? [`An --api-key has fewer than ${STRONG_KEY_LENGTH} characters and can be guessed.`] : [];
  if (given.length === 0 && stored.length === 0) {
    if (!loopback) {
      throw new StartError(
        'usage',
        `${config.host} can be reached from outside, and there is no key. Make one with 'mcli key create', or give one with --api-key-file.`,
      );
    }
    if (config.firstKey) firstKey = (await keys.create({ name: 'first key' })).key;
    else warnings.push("There is no key: every request is refused. Make one with 'mcli key create'.");
  }
  const count = stored.length + (firstKey === undefined ? 0 : 1);
  const parts = [count ? `${count} stored` : '', given.length ? `${given.length} given at start` : ''].filter(Boolean);
  return {
    verifier: given.length ? verifyAny([staticKeys(given), keys]) : keys,
    description: parts.length ? `API keys (${parts.join(', ')})` : 'API keys (none)',
    warnings,
    ...(firstKey === undefined ? {} : { firstKey }),
  };
}

async function requireStored(key: string, keys: KeyManager): Promise<void> {
  const verdict = parseKey(key) ? await keys.verify(key) : undefined;
  if (verdict?.ok) return;
  throw new StartError(
    'usage',
    'An --api-key has the form of a stored key, but no such key is stored here. Leave it out, or use a key of another form.',
  );
}

function staticKeys(given: readonly string[]): KeyVerifier {
  try {
    return createStaticKeys(given);
  } catch (error) {
    throw new StartError('usage', error instanceof Error ? error.message : 'An --api-key is not usable.', {
      cause: error,
    });
  }
}
