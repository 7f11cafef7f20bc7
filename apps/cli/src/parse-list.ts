import { splitList } from '@mcli/model-server/options';
import { UsageError } from './report-error.js';

/**
 * A flag that may repeat or take commas → its values; `undefined` when it wasn't given.
 *
 * @throws UsageError naming the flag when a value is empty, as from a script's unset variable
 */
export function parseList(values: readonly string[] | undefined, flag: string): readonly string[] | undefined {
  const parts = values && splitList(values).map(String);
  if (parts?.includes('')) {
    throw new UsageError(`${flag} has an empty value. Leave ${flag} out for all, or name what the key may use.`);
  }
  return parts;
}
