import type { IncomingHttpHeaders } from 'node:http';

export type Credential =
  | { readonly ok: true; readonly credential: string | undefined }
  /** Headers that contradict each other. */
  | { readonly ok: false };

/**
 * Reads the credential from `Authorization: Bearer`, `x-api-key` and `api-key`. Clients send one or all of
 * them; equal values are one. Never from the URL, which ends in logs.
 */
export function readCredential(headers: IncomingHttpHeaders): Credential {
  const bearer = /^bearer +(.*)$/i.exec(headers.authorization?.trim() ?? '')?.[1];
  const given = [bearer, headers['x-api-key'], headers['api-key']]
    .flat()
    .map((value) => value?.trim() ?? '')
    .filter((value) => value !== '');
  const different = new Set(given);
  return different.size > 1 ? { ok: false } : { ok: true, credential: given[0] };
}
