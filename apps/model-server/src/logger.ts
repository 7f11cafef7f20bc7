import type { Logger } from 'winston';
import winston from 'winston';
import { lossyStream } from './lossy-stream.js';

export type { Logger } from 'winston';

const keyPattern = /\bmclia?_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}\b/g;
const bearerPattern = /\bBearer\s+[^\s"',;]+/gi;
const secretNames =
  /^(authorization|credential|token|secret|x-api-key|api-key|api_key|apikey|key|keys|password|prompt|messages|content)$/i;

/**
 * The server's log, on stderr: `json` one object a line, `pretty` for people. Whatever is logged, values of
 * fields that name keys or prompts, and texts that look like our keys, are replaced last of all. Lines that the stream
 * can't take are dropped.
 */
export function createLogger(options: {
  readonly format: 'json' | 'pretty';
  readonly color?: boolean;
  /** Further secrets to black out, such as keys given on the command line. */
  readonly secrets?: readonly string[];
  /** @default stderr */
  readonly stream?: NodeJS.WritableStream;
}): Logger {
  const secrets = (options.secrets ?? []).filter((secret) => secret.length >= 8);
  const hide = (text: string) =>
    secrets.reduce(
      (result, secret) => result.replaceAll(secret, '[secret]'),
      text.replace(keyPattern, '[key]').replace(bearerPattern, 'Bearer [secret]'),
    );
  const redact = winston.format((info) => redacted(info, hide) as winston.Logform.TransformableInfo);
  const { combine, timestamp, json, printf, colorize } = winston.format;
  const pretty = printf(({ level, message, timestamp: time, ...fields }) => {
    const facts = Object.entries(fields)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
    return `${String(time).slice(11, 19)} ${level} ${String(message)}${facts.length ? `  ${facts.join(' ')}` : ''}`;
  });
  const last = options.format === 'json' ? [json()] : [...(options.color ? [colorize({ level: true })] : []), pretty];
  return winston.createLogger({
    level: 'debug',
    format: combine(redact(), timestamp(), ...last),
    transports: [new winston.transports.Stream({ stream: lossyStream(options.stream ?? process.stderr) })],
  });
}

const deepest = 8;

function redacted(value: unknown, hide: (text: string) => string, depth = 0): unknown {
  if (typeof value === 'string') return hide(value);
  if (value instanceof Error) return hide(value.message);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (depth > deepest) return '[deeper]';
  if (Array.isArray(value)) return value.map((item) => redacted(item, hide, depth + 1));
  const copy: Record<string | symbol, unknown> = {};
  for (const name of Reflect.ownKeys(value)) {
    const held = (value as Record<string | symbol, unknown>)[name];
    const secret = typeof name === 'string' && secretNames.test(name);
    copy[name] = typeof name === 'symbol' ? held : secret ? '[hidden]' : redacted(held, hide, depth + 1);
  }
  return copy;
}
