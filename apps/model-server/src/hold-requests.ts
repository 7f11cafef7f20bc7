import type { RequestListener } from 'node:http';

/** The handler of a port that opens before there is an app. */
export interface HeldRequests {
  /** What the port calls, from its first request on. */
  readonly listener: RequestListener;
  /** Hands over what waited, in the order in which it came, and then everything that comes. */
  release(app: RequestListener): void;
}

/** Requests that come before the app is there wait for it; those whose client has left meanwhile are forgotten. */
export function holdRequests(): HeldRequests {
  let app: RequestListener | undefined;
  let waiting: Parameters<RequestListener>[] = [];
  return {
    listener: (request, response) => {
      if (app) return app(request, response);
      waiting.push([request, response]);
    },
    release: (ready) => {
      app = ready;
      const held = waiting;
      waiting = [];
      for (const [request, response] of held) if (!response.destroyed) ready(request, response);
    },
  };
}
