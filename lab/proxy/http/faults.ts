import { createHash } from 'node:crypto';
import type { Chance } from '../../base/chance.ts';
import { object, string, union, type Infer } from '../../../src/protocol/schema/schema.ts';
import { boolean, count, numberIn, oneOf, optional, record, array } from '../../../src/protocol/schema/schema-types.ts';

/** What the browser wants with a response (`Sec-Fetch-Dest`, https://w3c.github.io/webappsec-fetch-metadata/). */
const REQUEST_KIND = oneOf('document', 'api', 'worker', 'asset', 'socket');
export type TrafficKind = Infer<typeof REQUEST_KIND>;

/** What the proxy does with a request, in place of passing it on. Times in ms. */
const FAULT_ACTION = union('type', {
  /** Answers with `status`. */
  status: {
    status: count,
    retryAfterSeconds: optional(count),
    headers: optional(record(string)),
    body: optional(string),
  },
  /** Answers 200 with an HTML page, as a wrong route of a server does. */
  html: {},
  /** Redirects to the page of a Wi-Fi that wants its terms accepted. */
  'captive-portal': {},
  /** Redirects to `location`, as a proxy does whose own session is over. */
  redirect: { location: string, status: optional(count) },
  /** The server does its work, and the connection ends without the answer. */
  lost: {},
  /** The server receives the request a second time, `afterMs` after the first answer. */
  duplicate: { afterMs: count },
  /** The server receives the request after `ms`. */
  delay: { ms: count },
  /** No answer, and no end of the connection. */
  hang: {},
  /** A TCP reset. */
  reset: {},
  /** Completes the WebSocket handshake, then closes with `code`, or without a close frame. */
  'close-after-upgrade': { code: optional(count) },
  /** Adds a script to HTML documents. */
  inject: { script: string },
  /** Removes headers. */
  strip: { request: optional(array(string)), response: optional(array(string)) },
  /** Replaces text in the response, such as the file names of a new version. */
  replace: { search: string, replacement: string },
  /** Adds text at the end of the response, so that a script differs in its bytes and not in what it does. */
  append: { text: string },
});
export type FaultAction = Infer<typeof FAULT_ACTION>;

/** Which requests a fault affects. What is absent matches all. */
const FAULT_MATCH = object({
  /** Host and port, such as `localhost:4173`. */
  host: optional(string),
  method: optional(string),
  /** A regular expression for path and query. */
  path: optional(string),
  kinds: optional(array(REQUEST_KIND)),
  /** Only requests with a credential that a request before this fault had: an expired token, a ticket used before. */
  isUsedCredential: optional(boolean),
});
export type FaultMatch = Infer<typeof FAULT_MATCH>;

export const HTTP_FAULT = object({
  match: FAULT_MATCH,
  action: FAULT_ACTION,
  /** How many requests; all by default. */
  times: optional(count),
  /** The share of the requests, from 0 to 1. */
  probability: optional(numberIn(0, 1)),
});
export type HttpFault = Infer<typeof HTTP_FAULT>;

/** What decides whether a fault affects a request. */
export type RequestFacts = {
  readonly host: string;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly kind: TrafficKind;
  /** The tokens, cookies and tickets of the request. */
  readonly credentials: readonly string[];
};

export type FaultId = number;

export type HttpFaults = {
  /** Returns an identity with which `remove` ends it. */
  add(fault: HttpFault): FaultId;
  remove(id: FaultId): void;
  clear(): void;
  /** The actions for this request, in the order of `add`, each counted as used. */
  take(request: RequestFacts): readonly FaultAction[];
};

type ActiveFault = { fault: HttpFault; left: number; path: RegExp | undefined; used: ReadonlySet<string> };

/** A log or a dump must not contain a secret, so only its digest stays. */
const digest = (credential: string): string => createHash('sha256').update(credential).digest('base64');

/** A preflight has no credentials, so no server refuses them there (https://fetch.spec.whatwg.org/#cors-preflight-fetch). */
const PREFLIGHT = 'OPTIONS';

const isMatch = ({ fault: { match, action }, path, used, left }: ActiveFault, request: RequestFacts): boolean => {
  if (left <= 0) return false;
  if (request.method === PREFLIGHT && action.type === 'status' && match.method !== PREFLIGHT) return false;
  if (match.host !== undefined && match.host !== request.host) return false;
  if (match.method !== undefined && match.method !== request.method) return false;
  if (match.kinds && !match.kinds.includes(request.kind)) return false;
  if (path && !path.test(request.path)) return false;
  return !match.isUsedCredential || request.credentials.some((credential) => used.has(digest(credential)));
};

export const createHttpFaults = (chance: Chance): HttpFaults => {
  const active = new Map<FaultId, ActiveFault>();
  const seen = new Set<string>();
  let last = 0;
  return {
    add: (fault) => {
      last += 1;
      const { path } = fault.match;
      active.set(last, {
        fault,
        left: fault.times ?? Number.POSITIVE_INFINITY,
        path: path === undefined ? undefined : new RegExp(path),
        used: new Set(seen),
      });
      return last;
    },
    remove: (id) => void active.delete(id),
    clear: () => active.clear(),
    take: (request) => {
      const hits = [...active.values()].filter(
        (each) => isMatch(each, request) && chance() < (each.fault.probability ?? 1),
      );
      for (const hit of hits) hit.left -= 1;
      for (const credential of request.credentials) seen.add(digest(credential));
      return hits.map(({ fault }) => fault.action);
    },
  };
};
