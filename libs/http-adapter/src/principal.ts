/** Who is calling, however they proved it. */
export interface Principal {
  readonly id: string;
  /** What limits, usage and cached prompts belong to. Several credentials may share one. */
  readonly rootId: string;
  /** What the caller may do: `models:read`, `chat:create`. `inference` stands for all of the router's, `*` for everything. */
  readonly scopes: readonly string[];
  /** Models that the caller sees and may use; `null` is all. */
  readonly models: readonly string[] | null;
}

/** The outcome of checking a credential. `reason` is for the log; all refusals look alike to callers. */
export type AuthVerdict =
  { readonly ok: true; readonly caller: Principal } | { readonly ok: false; readonly reason: string };

/** What is known of a request before its body is read. */
export interface RequestOrigin {
  /** The client's address, as Express sees it (`trust proxy`); empty when the connection is gone. */
  readonly ip: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
}

/**
 * Decides who is calling. `credential` is what came as `Authorization: Bearer`, `x-api-key` or `api-key`;
 * `undefined` when there was none. When it throws, the request is answered with 503, never let through.
 */
export type Authenticate = (credential: string | undefined, origin: RequestOrigin) => Promise<AuthVerdict>;

const anyone: Principal = { id: 'anyone', rootId: 'anyone', scopes: ['*'], models: null };

/** Lets everybody in. Anyone who reaches the port can then use the models. */
export const allowAnyone: Authenticate = async () => ({ ok: true, caller: anyone });

/** Whether the caller may do what needs `scope`. */
export function hasScope({ scopes }: Principal, scope: string): boolean {
  return scopes.includes(scope) || scopes.includes('inference') || scopes.includes('*');
}

/** Whether the caller sees the model. */
export function maySee({ models }: Principal, id: string): boolean {
  return models === null || models.includes(id);
}
