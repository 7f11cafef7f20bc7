import type { ApiKeyType } from './key-format.js';
import type { ApiKeyRecord, KeyMetadata } from './key-store.js';
import { hasHiddenCharacters } from './has-hidden-characters.js';
import { toScopes } from './scopes.js';

/** What a key is made with. */
export interface NewKey {
  /**
   * For people: 1 to 100 characters, none of which is a control character, turns the writing's direction or can't be
   * seen. Need not be unique.
   */
  readonly name: string;
  /** @default 'inference' */
  readonly type?: ApiKeyType | undefined;
  /** @default `INFERENCE_SCOPES`, or `ADMIN_SCOPES` for an admin key */
  readonly scopes?: readonly string[] | undefined;
  /** Models the key may use, at most 100; `null` is all. @default null */
  readonly models?: readonly string[] | null | undefined;
  /** The moment the key ends, in Unix milliseconds. Not together with `expiresInMs`. @default never */
  readonly expiresAt?: number | undefined;
  /** Milliseconds from now until the key ends. @default never */
  readonly expiresInMs?: number | undefined;
  /** Notes of your own: flat, at most 4096 bytes as JSON. @default {} */
  readonly metadata?: KeyMetadata | undefined;
}

const MAX_NAME_LENGTH = 100;
const MAX_METADATA_BYTES = 4096;
const MAX_MODELS = 100;
const MAX_MODEL_LENGTH = 256;

/**
 * The record of a new key.
 *
 * @throws TypeError a field is not as `NewKey` says; the message names it
 */
export function newRecord(id: string, key: NewKey, now: number): ApiKeyRecord {
  const type = key.type ?? 'inference';
  if (type !== 'inference' && type !== 'admin') throw new TypeError(`type is 'inference' or 'admin'.`);
  return {
    id,
    rootId: id,
    type,
    name: toName(key.name),
    metadata: toMetadata(key.metadata ?? {}),
    scopes: toScopes(type, key.scopes),
    models: toModels(key.models ?? null),
    createdAt: now,
    expiresAt: toExpiry(key, now),
    revokedAt: null,
    useCount: 0,
    lastUsedAt: null,
  };
}

function toName(name: unknown): string {
  if (typeof name !== 'string' || name.trim() === '' || name.length > MAX_NAME_LENGTH || hasHiddenCharacters(name)) {
    throw new TypeError(
      `name has 1 to ${MAX_NAME_LENGTH} characters, and none that controls, can't be seen or turns the writing around.`,
    );
  }
  return name;
}

function toMetadata(metadata: KeyMetadata): KeyMetadata {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new TypeError('metadata is an object.');
  }
  for (const [field, value] of Object.entries(metadata)) {
    const flat = value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
    if (!flat) throw new TypeError(`metadata.${field} is a string, a finite number, a boolean or null.`);
  }
  const text = JSON.stringify(metadata);
  if (Buffer.byteLength(text) > MAX_METADATA_BYTES) {
    throw new TypeError(
      `metadata has at most ${MAX_METADATA_BYTES} bytes as JSON; this has ${Buffer.byteLength(text)}.`,
    );
  }
  return { ...metadata };
}

function toModels(models: readonly string[] | null): readonly string[] | null {
  if (models === null) return null;
  const valid = (model: unknown) => typeof model === 'string' && model !== '' && model.length <= MAX_MODEL_LENGTH;
  if (!Array.isArray(models) || models.length > MAX_MODELS || !models.every(valid)) {
    throw new TypeError(`models is a list of at most ${MAX_MODELS} model ids, or null for all.`);
  }
  return [...new Set(models)];
}

function toExpiry({ expiresAt, expiresInMs }: NewKey, now: number): number | null {
  if (expiresAt !== undefined && expiresInMs !== undefined) {
    throw new TypeError('expiresAt and expiresInMs exclude each other.');
  }
  const moment = expiresInMs === undefined ? expiresAt : now + expiresInMs;
  if (moment === undefined) return null;
  if (!Number.isSafeInteger(moment) || moment <= now) {
    throw new TypeError('A key ends at a whole millisecond in the future.');
  }
  return moment;
}
