import { randomBase62, toBase62 } from './base62.js';
import { crc32 } from './crc32.js';

/** What a key is for: `inference` calls models, `admin` administers keys. */
export type ApiKeyType = 'inference' | 'admin';

/** The public parts of a key. */
export interface ParsedKey {
  readonly type: ApiKeyType;
  /** 12 letters of base62. Public: it may stand in logs, metrics and lists. */
  readonly id: string;
}

const PREFIX = { inference: 'mcli', admin: 'mclia' } as const satisfies Record<ApiKeyType, string>;
const KEY = /^(mcli|mclia)_([0-9A-Za-z]{12})_[0-9A-Za-z]{43}([0-9A-Za-z]{6})$/;
const CHECKSUM_LENGTH = 6;

/**
 * A fresh key: `mcli_<id>_<secret><checksum>`, or `mclia_…` for admin keys.
 *
 * The id has 12 letters of base62, the secret 43 (256 bits), the checksum is the CRC-32 of everything
 * before it in 6. The checksum finds typing mistakes without a look into the store and lets secret
 * scanners tell a key from its likeness; it protects nothing.
 */
export function generateKey(type: ApiKeyType): { readonly id: string; readonly key: string } {
  const id = randomBase62(12);
  const body = `${PREFIX[type]}_${id}_${randomBase62(43)}`;
  return { id, key: body + checksum(body) };
}

/** The parts of a key made by `generateKey`, or `undefined` when the text is none or its checksum is wrong. */
export function parseKey(text: string): ParsedKey | undefined {
  const [, prefix, id, sum] = KEY.exec(text) ?? [];
  if (id === undefined || sum !== checksum(text.slice(0, -CHECKSUM_LENGTH))) return undefined;
  return { type: prefix === PREFIX.admin ? 'admin' : 'inference', id };
}

/**
 * Whether a text starts like a key made here (`mcli_` or `mclia_`).
 *
 * Such a text is never a static or caller-chosen key: it is a stored key, known or unknown.
 */
export function hasKeyPrefix(text: string): boolean {
  return text.startsWith(`${PREFIX.inference}_`) || text.startsWith(`${PREFIX.admin}_`);
}

/** The form in which a key may be named in public: prefix and id, no letter of the secret or checksum. */
export function keyHint(key: ParsedKey): string {
  return `${PREFIX[key.type]}_${key.id}_…`;
}

function checksum(body: string): string {
  return toBase62(crc32(body), CHECKSUM_LENGTH);
}
