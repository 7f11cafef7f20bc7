import type { InferenceBackend } from '@mcli/inference';
import type { Admit } from './admit.js';
import type { Authenticate } from './principal.js';
import type { RequestReport } from './request-report.js';

export interface OpenAIRouterOptions {
  /** Where generation happens. The router never closes it. */
  readonly backend: InferenceBackend;

  /**
   * Who may call. Required, so that no server is open by accident; pass `allowAnyone` to open one on
   * purpose. `(credential) => keys.verify(credential)` of `@mcli/auth-keys` fits.
   */
  readonly authenticate: Authenticate;

  /** Whether a generation may start now, and what settles its account. @default every one may */
  readonly admit?: Admit | undefined;

  /** Largest body, in bytes or as '20mb'; a compressed one is measured after decompression. @default '20mb' */
  readonly bodyLimit?: string | number | undefined;

  /**
   * Refuses fields that would have no effect, with 400 and the code `unsupported`. Otherwise they are named
   * in the reply's header `x-mcli-ignored-params`. @default false
   */
  readonly strictParams?: boolean | undefined;

  /**
   * Silence in a stream after which `: keep-alive` is sent, in milliseconds. Proxies and clients drop
   * connections that are silent for about a minute. @default 15000
   */
  readonly keepAliveMs?: number | undefined;

  /** Called once a request, when its last byte is out: for logs, metrics, billing. @default nothing */
  readonly onFinish?: ((report: RequestReport) => void) | undefined;

  /** The clock for `created` in replies, in Unix milliseconds. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/** The options, complete and checked. */
export interface ResolvedOptions {
  readonly backend: InferenceBackend;
  readonly authenticate: Authenticate;
  readonly admit: Admit;
  readonly bodyLimit: number;
  readonly strictParams: boolean;
  readonly keepAliveMs: number;
  readonly onFinish: (report: RequestReport) => void;
  readonly now: () => number;
}

/** @throws TypeError an option is missing or can't be right */
export function resolveOptions(options: OpenAIRouterOptions): ResolvedOptions {
  const { backend, authenticate, keepAliveMs = 15_000 } = options;
  if (typeof backend?.generate !== 'function') throw new TypeError("The option 'backend' is missing.");
  if (typeof authenticate !== 'function') {
    throw new TypeError("The option 'authenticate' is missing. Pass 'allowAnyone' to let everybody in.");
  }
  if (!Number.isInteger(keepAliveMs) || keepAliveMs < 1 || keepAliveMs > 2 ** 31 - 1) {
    throw new TypeError(`The option 'keepAliveMs' must be a positive number of milliseconds, not ${keepAliveMs}.`);
  }
  return {
    backend,
    authenticate,
    admit: options.admit ?? (async () => () => undefined),
    bodyLimit: toBytes(options.bodyLimit ?? '20mb'),
    strictParams: options.strictParams ?? false,
    keepAliveMs,
    onFinish: options.onFinish ?? (() => undefined),
    now: options.now ?? Date.now,
  };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 };

function toBytes(limit: string | number): number {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)?$/i.exec(String(limit)) ?? [];
  const bytes = Math.floor(Number(count) * (UNITS[unit.toLowerCase()] ?? NaN));
  if (!(bytes > 0)) throw new TypeError(`The option 'bodyLimit' must be bytes or a text like '20mb', not '${limit}'.`);
  return bytes;
}
