import { isIP } from 'node:net';
import { z } from 'zod';
import { splitList } from './split-list.js';

/** How many proxies in a row count, or their networks: `loopback`, addresses and CIDR networks. */
export type TrustedProxy = number | readonly string[];

const takes = "takes 'loopback', a network such as 10.0.0.0/8, or alone the number of proxies from 1 to 32";

/** What `--trusted-proxy` takes, from a flag that repeats, commas, or a number or list in the file. */
export const trustedProxy = z
  .preprocess((value) => splitList(value).map(String), z.array(z.string().toLowerCase()).min(1, takes))
  .refine((parts) => hops(parts) !== undefined || parts.every((part) => part === 'loopback' || isNetwork(part)), takes)
  .transform((parts): TrustedProxy => hops(parts) ?? parts);

function hops(parts: readonly string[]): number | undefined {
  const [first = ''] = parts;
  return parts.length === 1 && /^([1-9]|[12]\d|3[0-2])$/.test(first) ? Number(first) : undefined;
}

/** A prefix of 0 would let everyone choose an address; an IPv4 network inside IPv6 is written as IPv4. */
function isNetwork(text: string): boolean {
  const [, address = '', prefix] = /^([\da-f.:]+)(?:\/([1-9]\d{0,2}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0 || (family === 6 && address.includes('.')) || address.startsWith('::ffff:')) return false;
  return prefix === undefined || Number(prefix) <= (family === 6 ? 128 : 32);
}
