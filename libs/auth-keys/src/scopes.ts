import type { ApiKeyType } from './key-format.js';

/** What an inference key may do unless it is made with fewer scopes. */
export const INFERENCE_SCOPES = [
  'models:read',
  'chat:create',
  'completions:create',
  'embeddings:create',
  'usage:read:self',
] as const;

/** What an admin key may do unless it is made with fewer scopes. No inference key can have any of these. */
export const ADMIN_SCOPES = ['keys:read', 'keys:write', 'usage:read', 'metrics:read'] as const;

const SCOPE = /^[a-z][a-z0-9-]*(?::[a-z0-9-]+)+$/;
const MAX_SCOPE_LENGTH = 64;

/**
 * The scopes of a new key, without repetitions. Scopes of one's own (`reports:read`) are welcome.
 *
 * @throws TypeError a scope is not of the form `noun:verb`, or an inference key asks for an admin scope
 */
export function toScopes(type: ApiKeyType, scopes: readonly string[] | undefined): readonly string[] {
  if (scopes === undefined) return type === 'admin' ? ADMIN_SCOPES : INFERENCE_SCOPES;
  for (const scope of scopes) {
    if (typeof scope !== 'string' || scope.length > MAX_SCOPE_LENGTH || !SCOPE.test(scope)) {
      throw new TypeError(`A scope looks like 'noun:verb', at most ${MAX_SCOPE_LENGTH} characters.`);
    }
    if (type === 'inference' && ADMIN_SCOPES.some((admin) => admin === scope)) {
      throw new TypeError(`Only an admin key can have the scope '${scope}'.`);
    }
  }
  return [...new Set(scopes)];
}
