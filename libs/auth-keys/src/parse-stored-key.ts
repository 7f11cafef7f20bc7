import type { KeyMetadata, StoredApiKey } from './key-store.js';

const ID = /^[0-9A-Za-z]{12}$/;
const DIGEST = /^[0-9a-f]{64}$/;

/**
 * A key as it was read from a file, checked field by field.
 *
 * @throws TypeError naming the first field that is not as `StoredApiKey` says
 */
export function parseStoredKey(value: unknown): StoredApiKey {
  const fields = toObject(value, 'key');
  const hash = toObject(fields['hash'], 'hash');
  return {
    id: matching(fields, 'id', ID),
    rootId: matching(fields, 'rootId', ID),
    type: oneOf(fields, 'type', ['inference', 'admin']),
    name: text(fields, 'name'),
    metadata: toMetadata(fields['metadata']),
    scopes: texts(fields, 'scopes'),
    models: fields['models'] === null ? null : texts(fields, 'models'),
    createdAt: whole(fields, 'createdAt'),
    expiresAt: fields['expiresAt'] === null ? null : whole(fields, 'expiresAt'),
    revokedAt: fields['revokedAt'] === null ? null : whole(fields, 'revokedAt'),
    useCount: whole(fields, 'useCount'),
    lastUsedAt: fields['lastUsedAt'] === null ? null : whole(fields, 'lastUsedAt'),
    hash: {
      algorithm: oneOf(hash, 'algorithm', ['sha256', 'hmac-sha256']),
      pepperId: hash['pepperId'] === null ? null : text(hash, 'pepperId'),
      digest: matching(hash, 'digest', DIGEST),
    },
  };
}

type Fields = Readonly<Record<string, unknown>>;

export function toObject(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError(`${name} is no object`);
  const fields: Fields = Object(value);
  return fields;
}

export function whole(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new TypeError(`${name} is no whole number`);
  }
  return value;
}

export function matching(fields: Fields, name: string, form: RegExp): string {
  const value = text(fields, name);
  if (!form.test(value)) throw new TypeError(`${name} has not the form ${form.source}`);
  return value;
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new TypeError(`${name} is no text`);
  return value;
}

function texts(fields: Fields, name: string): readonly string[] {
  const value: unknown = fields[name];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new TypeError(`${name} is no list of texts`);
  }
  return value;
}

function oneOf<const T extends string>(fields: Fields, name: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === fields[name]);
  if (found === undefined) throw new TypeError(`${name} is none of ${choices.join(', ')}`);
  return found;
}

function toMetadata(value: unknown): KeyMetadata {
  const fields = Object.entries(toObject(value, 'metadata')).map(([field, item]): [string, KeyMetadata[string]] => {
    if (item === null || typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean') {
      return [field, item];
    }
    throw new TypeError(`metadata.${field} is not flat`);
  });
  return Object.fromEntries(fields);
}
