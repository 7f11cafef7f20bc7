import { UsageError } from './report-error.js';

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * `90d` → milliseconds. An integer and one of ms, s, m, h, d, w.
 *
 * @throws UsageError naming the flag
 */
export function parseDuration(text: string, flag: string): number {
  const [, number, unit] = /^([1-9]\d{0,8})(ms|s|m|h|d|w)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : units[unit];
  if (number === undefined || factor === undefined) {
    throw new UsageError(`${flag} takes a number and ms, s, m, h, d or w, such as 90d; '${text}' is not that.`);
  }
  return Number(number) * factor;
}
