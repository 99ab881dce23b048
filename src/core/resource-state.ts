import type { Problem } from '../protocol/problem.ts';

/** A request that waits for the token of a resource. `refused`: the generation of a token that got a 401. */
export type ResourceRequest = { id: string; resource: string; refused?: number | undefined };

/**
 * A resource whose token the machine does not request now. With a `problem`, the provider gave none. Without one, the
 * resource refused a fresh token, and its next 401s reach the caller.
 */
export type ResourcePause = { attempt: number; since: number; until: number; problem?: Problem | undefined };

/** What a session machine knows of the APIs with tokens of their own (RFC 8707). */
export type ResourceState = {
  resourceRequests: readonly ResourceRequest[];
  resourcePauses: { readonly [resource: string]: ResourcePause };
};
