import type { ModelCard } from '@mcli/inference';
import { authority, isLoopback, reachableHost } from './addresses.js';
import type { Authentication } from './choose-authentication.js';
import type { ServerConfig } from './config.js';
import { describeEngine } from './describe-engine.js';
import type { EngineFacts } from './engine-facts.js';
import type { CatalogModel } from './model-catalog.js';
import { rateLimitOf } from './rate-limit.js';

/** What a person should know of a server that is ready. */
export interface ServerFacts {
  readonly openaiCompatible: boolean;
  /** Where clients point to: with `/v1` for the OpenAI API. */
  readonly url: string;
  /** The same, for a client on this machine. */
  readonly localUrl: string;
  readonly models: readonly {
    readonly id: string;
    readonly embedded: boolean;
    /** Tokens that one request may hold. */
    readonly contextLength: number;
    /** Generations that run at once. */
    readonly slots: number;
    /** What runs it and where, such as `llama.cpp 0.5.0, 32 of 32 layers on Vulkan0`. */
    readonly engine: string;
    /** Why that engine, in a few words. */
    readonly engineReason: string;
  }[];
  /** Generations that may wait, for each model. */
  readonly queue: number;
  readonly authentication: string;
  readonly warnings: readonly string[];
  readonly home: string;
  /** The whole first key, when one was made at this start. Show it once. */
  readonly firstKey?: string;
}

/** Puts together what is known once all models answer. */
export function collectFacts(
  config: ServerConfig,
  parts: {
    readonly port: number;
    readonly models: readonly CatalogModel[];
    readonly cards: readonly ModelCard[];
    readonly factsOf: (model: string) => EngineFacts | undefined;
    readonly authentication: Authentication | undefined;
  },
): ServerFacts {
  const { firstKey, description, warnings = [] } = parts.authentication ?? {};
  const path = config.openaiCompatible ? '/v1' : '';
  const urlOf = (host: string) => `http://${authority(host, parts.port)}${path}`;
  return {
    openaiCompatible: config.openaiCompatible,
    url: urlOf(config.host),
    localUrl: urlOf(reachableHost(config.host)),
    models: parts.models.map(({ id, embedded }) => {
      const card = parts.cards.find((known) => known.id === id);
      const facts = parts.factsOf(id);
      return {
        id,
        embedded,
        contextLength: card?.contextLength ?? 0,
        slots: card?.slots ?? 1,
        engine: facts ? describeEngine(facts) : 'unknown',
        engineReason: facts?.reason ?? '',
      };
    }),
    queue: config.queue,
    authentication: description ?? 'none: the basic server answers everyone on this machine',
    warnings: [...warnOfOutside(config), ...warnings],
    home: config.home,
    ...(firstKey === undefined ? {} : { firstKey }),
  };
}

function warnOfOutside(config: ServerConfig): string[] {
  if (isLoopback(config.host)) return [];
  const limit = rateLimitOf(config);
  return [
    `${config.host} can be reached from other machines, without encryption. Put a reverse proxy such as nginx in front.`,
    limit
      ? `An address may make ${limit.limit} requests in ${limit.windowMs / 1000} s; --rate-limit changes that.`
      : 'Nothing limits how often an address may ask (--rate-limit off).',
  ];
}
