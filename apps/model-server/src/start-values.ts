import { z } from 'zod';
import type { StartOptionName } from './start-options.js';

const list = z.preprocess(
  (value) =>
    (Array.isArray(value) ? value : [value]).flatMap((item) => (typeof item === 'string' ? item.split(',') : [item])),
  z.array(z.string().trim().min(1)),
);
const boolean = z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean());
const count = (min: number, max: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
    z.int().min(min).max(max),
  );
const text = z.coerce.string().min(1);

/** `10/min` → requests in a window; `off` → none. */
const rate = z
  .string()
  .regex(/^(off|[1-9]\d{0,6}\/(s|sec|min|h|hour))$/, "a number and a unit such as 10/min, or 'off'")
  .transform((value) => {
    if (value === 'off') return 'off' as const;
    const [limit = '', unit = ''] = value.split('/');
    const windowMs = unit.startsWith('s') ? 1000 : unit === 'min' ? 60_000 : 3_600_000;
    return { limit: Number(limit), windowMs };
  });

/** `20mb` → bytes. */
const size = z
  .union([z.string(), z.number()])
  .transform((value) => String(value))
  .pipe(
    z
      .string()
      .regex(/^[1-9]\d{0,9}(b|kb|mb)?$/i, 'a size such as 20mb')
      .transform((value) => {
        const number = parseInt(value, 10);
        return /mb$/i.test(value) ? number * 1_048_576 : /kb$/i.test(value) ? number * 1024 : number;
      }),
  );

/** The values as they may come from a flag, a variable or the file; only what was given is present. */
export const StartValues = z.strictObject({
  'openai-compatible': boolean.optional(),
  model: list.optional(),
  'model-id': text.regex(/^[^\s?#]{1,200}$/, 'without spaces, ? and #').optional(),
  host: text.optional(),
  port: count(0, 65_535).optional(),
  'api-key': list.optional(),
  'api-key-file': text.optional(),
  'no-first-key': boolean.optional(),
  slots: count(1, 256).optional(),
  context: count(16, 1_048_576).optional(),
  threads: count(1, 1024).optional(),
  'kv-cache-mb': count(1, 1_048_576).optional(),
  queue: count(0, 100_000).optional(),
  'no-loop-guard': boolean.optional(),
  'rate-limit': rate.optional(),
  'allowed-host': list.optional(),
  'cors-origin': list.optional(),
  'body-limit': size.optional(),
  'strict-params': boolean.optional(),
  'log-format': z.enum(['json', 'pretty']).optional(),
} satisfies Record<StartOptionName, z.ZodType>);
export type StartValues = z.infer<typeof StartValues>;
