import type { Endpoint } from './endpoint.js';

export type Match =
  | { readonly kind: 'found'; readonly endpoint: Endpoint; readonly params: Readonly<Record<string, string>> }
  /** The path is known, with other methods. */
  | { readonly kind: 'method'; readonly allowed: readonly string[] }
  | { readonly kind: 'none' };

/** Finds the endpoint for a path as it stands in the URL. Parameters are decoded; `HEAD` counts as `GET`. */
export function matchEndpoint(endpoints: readonly Endpoint[], method: string, path: string): Match {
  const matching = endpoints.flatMap((endpoint) => {
    const params = matchPath(endpoint.path, path);
    return params === undefined ? [] : [{ endpoint, params }];
  });
  if (matching.length === 0) return { kind: 'none' };
  const found = matching.find(({ endpoint }) => endpoint.method === (method === 'HEAD' ? 'GET' : method));
  if (found !== undefined) return { kind: 'found', ...found };
  const allowed = matching.flatMap(({ endpoint }) => (endpoint.method === 'GET' ? ['GET', 'HEAD'] : [endpoint.method]));
  return { kind: 'method', allowed };
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  const brace = pattern.indexOf('{');
  if (brace === -1) return pattern === wanted ? {} : undefined;
  if (!wanted.startsWith(pattern.slice(0, brace)) || wanted.length === brace) return undefined;
  const value = decode(wanted.slice(brace));
  return value === undefined ? undefined : { [pattern.slice(brace + 1, -1)]: value };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
