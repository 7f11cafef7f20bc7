import { bytesPerMebibyte } from '@mcli/inference';
import { z } from 'zod';
import { bareHost } from './addresses.js';
import { splitList } from './split-list.js';
import type { StartOptionName } from './start-options.js';
import { trustedProxy } from './trusted-proxy.js';

// Messages follow the name of the flag, variable or entry: `--port takes …`. They never hold the value, which
// may be a secret.

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** Values that may hold commas of their own: paths. Each is one value. */
const whole = z.preprocess(
  asList,
  z.array(z.string('takes text').min(1, 'is empty')).min(1, 'takes at least one value'),
);

/** Keys: whole, too. White space around a key can't be sent in a header; it is what a file or a variable left there. */
const keys = whole.pipe(z.array(z.string().trim().min(1, 'is empty')));

/** Values without commas: separated by them, or repeated. */
const list = z.preprocess(
  splitList,
  z.array(z.string('takes text').min(1, 'has an empty part')).min(1, 'takes at least one value'),
);

const truths = new Map<string, boolean>([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
]);
const boolean = z.preprocess(
  (value) =>
    typeof value === 'string' || typeof value === 'number'
      ? (truths.get(String(value).trim().toLowerCase()) ?? value)
      : value,
  z.boolean('takes true or false'),
);

function count(min: number, max: number) {
  const error = `takes a whole number from ${min} to ${max}`;
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value.trim()) ? Number(value) : value),
    z.int(error).min(min, error).max(max, error),
  );
}

const text = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  z.string('takes text').min(1, 'takes text'),
);

const windows: Readonly<Record<string, number>> = { s: 1000, sec: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** `10/min` → requests in a window; `off` → none. */
const rate = z
  .string("takes a number and a unit such as 10/min, or 'off'")
  .regex(/^(off|[1-9]\d{0,6}\/(s|sec|m|min|h))$/, "takes a number and a unit such as 10/min, or 'off'")
  .transform((value) => {
    if (value === 'off') return 'off' as const;
    const [limit, unit = ''] = value.split('/');
    return { limit: Number(limit), windowMs: windows[unit] ?? 0 };
  });

const units: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: bytesPerMebibyte };

/** `20mb` → bytes. */
const size = z
  .preprocess(
    (value) => (typeof value === 'number' ? String(value) : value),
    z.string('takes a size such as 20mb').regex(/^[1-9]\d{0,8}(b|kb|mb)?$/i, 'takes a size such as 20mb'),
  )
  .transform((value) => parseInt(value, 10) * (units[value.replace(/\d+/, '').toLowerCase()] ?? 1))
  .pipe(z.number().max(1_073_741_824, 'takes at most 1024mb'));

const layers = z.union([z.literal('auto'), count(0, 10_000)], "takes a whole number from 0 to 10000, or 'auto'");

/** The values as they may come from a flag, a variable or the file; only what was given is present. */
export const StartValues = z.strictObject({
  'openai-compatible': boolean.optional(),
  model: whole.optional(),
  'model-id': text
    .pipe(z.string().regex(/^[^\s?#]{1,200}$/, 'takes 1 to 200 characters without spaces, ? and #'))
    .optional(),
  engine: z.enum(['auto', 'onnx', 'llama.cpp'], 'takes auto, onnx or llama.cpp').optional(),
  'gpu-layers': layers.optional(),
  host: text.pipe(z.string().transform(bareHost)).optional(),
  port: count(0, 65_535).optional(),
  'api-key': keys.optional(),
  'api-key-file': text.optional(),
  'no-first-key': boolean.optional(),
  slots: count(1, 256).optional(),
  context: count(16, 1_048_576).optional(),
  threads: count(1, 1024).optional(),
  'kv-cache-mb': count(1, 1_048_576).optional(),
  queue: count(0, 100_000).optional(),
  'no-loop-guard': boolean.optional(),
  drafts: boolean.optional(),
  'no-drafts': boolean.optional(),
  'rate-limit': rate.optional(),
  'trusted-proxy': trustedProxy.optional(),
  'allowed-host': list.optional(),
  'cors-origin': list.optional(),
  'body-limit': size.optional(),
  'strict-params': boolean.optional(),
  trace: text.optional(),
  'engine-log': boolean.optional(),
  'log-format': z.enum(['json', 'pretty'], 'takes json or pretty').optional(),
} satisfies Record<StartOptionName, z.ZodType>);
export type StartValues = z.infer<typeof StartValues>;
