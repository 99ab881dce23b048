import { followsRedirects, ruleFor, handlingOf, type RequestHandling } from '../../core/request-policy.ts';
import type { ApiRule } from '../../protocol/config.ts';

/** What the request policy says of one request. Looked up once, and passed on with the request. */
export type RequestMatch = {
  url: URL;
  handling: RequestHandling;
  /** Whether redirects of this request may be followed with authorization. */
  followsRedirects: boolean;
};

/** Applies the request policy to the platform's requests. Synchronous, because a fetch event must be. */
export type RequestMatcher = {
  /** Whether this URL may get authorization at all. */
  covers(url: URL): boolean;
  /** `url`: that of the request, if the caller has parsed it. */
  match(request: Request, url?: URL): RequestMatch;
};

export const createRequestMatcher = (rules: readonly ApiRule[], self: string): RequestMatcher => {
  const ruleOf = ({ origin, pathname }: URL) => ruleFor(rules, self, { origin, path: pathname });
  return {
    covers: (url) => ruleOf(url) !== undefined,
    match(request, url = new URL(request.url)) {
      const rule = ruleOf(url);
      return {
        url,
        handling: handlingOf(rule, url.pathname, request),
        followsRedirects: followsRedirects(rule, url.pathname, request.method),
      };
    },
  };
};
