import { followsRedirects, ruleFor, treatmentOf, type RequestKind, type Treatment } from '../../core/request-policy.ts';
import type { ApiRule } from '../../protocol/config.ts';

/** The allow-list, asked with what the platform has: parsed URLs and requests. Synchronous throughout. */
export type Rules = {
  /** Whether this URL may have authorization at all. */
  covers(url: string): boolean;
  /** What is to become of an intercepted request. */
  treatment(url: URL, request: RequestKind): Treatment;
  /** Whether a redirect of this request may be followed. */
  follows(request: Request): boolean;
};

export const createRules = (api: readonly ApiRule[], self: string): Rules => {
  const ruleOf = ({ origin, pathname }: URL) => ruleFor(api, self, { origin, path: pathname });
  return {
    covers: (url) => ruleOf(new URL(url)) !== undefined,
    treatment: (url, request) => treatmentOf(ruleOf(url), url.pathname, request),
    follows(request) {
      const url = new URL(request.url);
      return followsRedirects(ruleOf(url), url.pathname, request.method);
    },
  };
};
