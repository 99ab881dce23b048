import { handlingOf } from '../../core/request-policy.ts';
import type { RequestMatch, RequestMatcher } from './request-matcher.ts';

/** A host returns an error response where the browser's `fetch` rejects. */
export const orReject = (response: Response): Response => {
  if (response.type === 'error') throw new TypeError('network');
  return response;
};

type Sender = {
  /** `client`: the id of the document that the request is for, in a service worker. */
  fetch(request: Request, match: RequestMatch, client: string): Promise<Response>;
  sendBare(request: Request): Promise<Response>;
};

/**
 * Sends a request of the code of a site's worker: with authorization where the allow-list covers it, else as it is. It is
 * no markup, and a copy of a request has no destination. Rejects where `fetch` rejects.
 */
export const sendBy = (
  sender: Sender,
  matcher: RequestMatcher,
  request: Request,
  client: string,
): Promise<Response> => {
  const match = matcher.match(request);
  const { method, headers, credentials, mode } = request;
  const kind = { method, headers, credentials, destination: '', mode: mode === 'no-cors' ? 'same-origin' : mode };
  const isIgnored = handlingOf(match.rule, match.url.pathname, kind) === 'ignore';
  return isIgnored ? sender.sendBare(request) : sender.fetch(request, match, client).then(orReject);
};
