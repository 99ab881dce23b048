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

const statusAnswer = (action: Extract<FaultAction, { type: 'status' }>): OwnAnswer => {
  const { status, retryAfterSeconds, headers, body } = action;
  const error = status === TOO_MANY ? 'slow_down' : 'temporarily_unavailable';
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
      ...headers,
    },
    body: body ?? JSON.stringify({ error }),
  };
};

export const portalPage: OwnAnswer = { status: 200, headers: HTML, body: PORTAL_PAGE };

/** The answer that replaces the server's, or `undefined` for a fault of another kind. */
export const answerOfFault = (action: FaultAction): OwnAnswer | undefined => {
  switch (action.type) {
    case 'status':
      return statusAnswer(action);
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
