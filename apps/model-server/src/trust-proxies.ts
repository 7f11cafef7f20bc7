import type { Express, Request, RequestHandler } from 'express';
import { isIP } from 'node:net';
import type { ServerConfig } from './config.js';
import type { Logger } from './logger.js';

type Trusts = (address: string, hop: number) => boolean;

/**
 * Makes `request.ip` the address of the client where a trusted proxy passed the request on, and that of the
 * connection otherwise. Always an IP address: a port is cut off, and what is none ends the chain at the proxy before it.
 *
 * @returns middleware for the app's beginning; it logs once that a header of others is ignored
 */
export function trustProxies(
  app: Express,
  { trustedProxy = [] }: Pick<ServerConfig, 'trustedProxy'>,
  logger: Pick<Logger, 'log'>,
): RequestHandler {
  app.set('trust proxy', trustedProxy);
  const trusts = app.get('trust proxy fn') as Trusts;
  let told = false;
  return (request, _response, next) => {
    const forwarded = request.headers['x-forwarded-for'];
    if (forwarded === undefined) return next();
    const { remoteAddress = '' } = request.socket;
    if (trusts(remoteAddress, 0)) {
      setForwarded(request, String(forwarded));
    } else if (!told) {
      told = true;
      const message = 'X-Forwarded-For is ignored: it came from no proxy that --trusted-proxy names';
      logger.log('warn', message, { ip: remoteAddress });
    }
    next();
  };
}

/** Keeps of the header the addresses behind its last entry that is none. */
function setForwarded(request: Request, header: string): void {
  const entries = header.split(',').map(bareAddress);
  const kept = entries.slice(entries.findLastIndex((entry) => isIP(entry) === 0) + 1);
  if (kept.length > 0) request.headers['x-forwarded-for'] = kept.join(', ');
  else delete request.headers['x-forwarded-for'];
}

/** `192.0.2.7:4711` → `192.0.2.7`, `"[2001:db8::7]:4711"` → `2001:db8::7`. */
function bareAddress(entry: string): string {
  const text = entry.trim().replace(/^"(.*)"$/, '$1');
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d+)?$/.exec(text) ?? [];
  return (bracketed ?? dotted ?? text).replace(/%.*$/, '');
}
