import { fieldPath } from './field-path.js';

const MAX_NAMES = 32;

/**
 * Names what a schema dropped: paths that are in `value` and not in what was parsed from it.
 *
 * Fields that are `null` count as absent. At most 32 names, each once: in lists of many, the first
 * place stands for all (`messages[0].prefix`). `*` stands for names that aren't plain.
 */
export function unknownFields(value: unknown, parsed: unknown): readonly string[] {
  const names = new Map<string, string>();
  collect(value, parsed, [], names);
  return [...names.values()];
}

function collect(value: unknown, parsed: unknown, path: PropertyKey[], names: Map<string, string>): void {
  if (value === parsed || names.size === MAX_NAMES) return;
  if (Array.isArray(value) && Array.isArray(parsed)) {
    for (const [index, item] of value.entries()) collect(item, parsed[index], [...path, index], names);
  } else if (isObject(value) && isObject(parsed)) {
    for (const [key, item] of Object.entries(value)) {
      if (Object.hasOwn(parsed, key)) collect(item, parsed[key], [...path, key], names);
      else if (item !== null && names.size < MAX_NAMES) remember([...path, key], names);
    }
  }
}

function remember(path: PropertyKey[], names: Map<string, string>): void {
  const anyPlace = fieldPath(path.map((key) => (typeof key === 'number' ? '*' : key)).filter((key) => key !== '*'));
  if (!names.has(anyPlace)) names.set(anyPlace, fieldPath(path) || '*');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
