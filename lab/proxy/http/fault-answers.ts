import type { FaultAction } from './faults.ts';

/** An answer that the proxy makes itself. */
export type OwnAnswer = { status: number; headers: Record<string, string>; body: string };

/** No site of the Internet has a name in `.invalid` (RFC 6761 §6.4). The proxy answers for it. */
export const PORTAL_HOST = 'portal.lab.invalid';

const HTML = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
const PORTAL_PAGE =
  '<!doctype html><html lang="en"><title>Wi-Fi</title><h1>Welcome to our Wi-Fi</h1><p>Please accept the terms.</p></html>';
const WRONG_PAGE =
  '<!doctype html><html lang="en"><title>Welcome</title><div id="app"></div><p>The page that a wrong route serves.</p></html>';
const TOO_MANY = 429;
const FOUND = 302;

/** A server that scripts of `origin` may use lets them read its refusals too (https://fetch.spec.whatwg.org/#http-cors-protocol). */
const readableFrom = (origin: string | undefined): Record<string, string> =>
  origin === undefined
    ? {}
    : {
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'retry-after, www-authenticate',
      };

const statusAnswer = (action: Extract<FaultAction, { type: 'status' }>, origin: string | undefined): OwnAnswer => {
  const { status, retryAfterSeconds, headers, body } = action;
  const error = status === TOO_MANY ? 'slow_down' : 'temporarily_unavailable';
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
      ...readableFrom(origin),
      ...headers,
    },
    body: body ?? JSON.stringify({ error }),
  };
};

export const portalPage: OwnAnswer = { status: 200, headers: HTML, body: PORTAL_PAGE };

/** The answer that replaces the server's, or `undefined` for a fault of another kind. `origin`: the request's header. */
export const answerOfFault = (action: FaultAction, origin?: string): OwnAnswer | undefined => {
  switch (action.type) {
    case 'status':
      return statusAnswer(action, origin);
    case 'html':
      return { status: 200, headers: HTML, body: WRONG_PAGE };
    case 'captive-portal':
      return { status: FOUND, headers: { location: `http://${PORTAL_HOST}/`, 'cache-control': 'no-store' }, body: '' };
    case 'redirect':
      return { status: action.status ?? FOUND, headers: { location: action.location }, body: '' };
    default:
      return undefined;
  }
};
