import {
  followsRedirects,
  handlingOf,
  leavesRule,
  resourceOf,
  ruleFor,
  type RequestHandling,
} from '../../core/request-policy.ts';
import { noteOnce } from '../runtime/developer-note.ts';
import type { ApiRule, KeeperConfig } from '../../protocol/config.ts';

/** What the request policy says of one request. Looked up once, and passed on with the request. */
export type RequestMatch = {
  url: URL;
  rule: ApiRule | undefined;
  handling: RequestHandling;
  /** Whether redirects of this request may be followed with authorization. */
  followsRedirects: boolean;
  /** The resource whose token it needs. `undefined`: the session's own. */
  resource: string | undefined;
  /** The session that the rule is for, where the origin has several. */
  session: string | undefined;
};

/**
 * What the backend's verification says of a 401 from a URL: everything, because it came from there; something, because it
 * is the same server; nothing.
 */
type ProofSource = 'itself' | 'same-origin' | 'none';

/** Applies the request policy to the platform's requests. Synchronous, because a fetch event must be. */
export type RequestMatcher = {
  /** Whether this URL may get authorization at all. */
  covers(url: URL): boolean;
  proofFor(url: URL): ProofSource;
  /** `url`: that of the request, if the caller has parsed it. */
  match(request: Request, url?: URL): RequestMatch;
};

/** Why requests of the allow-list go out without authorization on purpose. Developers look for the reason. */
const BARE = 'sent without authorization, as all of its kind:';
const LEAVES = `${BARE} a server that decodes its path would leave config.api.`;
const MARKUP = `${BARE} it is no-cors, as markup can send it.`;

export const createRequestMatcher = (
  { api: rules, whoami: proof }: Pick<KeeperConfig, 'api' | 'whoami'>,
  self: string,
): RequestMatcher => {
  const whoami = new URL(proof, self);
  const targetOf = ({ origin, pathname }: URL) => ({ origin, path: pathname });
  const ruleOf = (url: URL) => ruleFor(rules, self, targetOf(url));
  return {
    covers: (url) => ruleOf(url) !== undefined,
    proofFor({ origin, pathname }) {
      if (origin !== whoami.origin) return 'none';
      return pathname === whoami.pathname ? 'itself' : 'same-origin';
    },
    match(request, url = new URL(request.url)) {
      const rule = ruleOf(url);
      const handling = handlingOf(rule, url.pathname, request);
      if (handling === 'ignore' && request.destination === '' && request.credentials !== 'omit') {
        if (!rule && leavesRule(rules, self, targetOf(url))) noteOnce('path-leaves-rule', LEAVES);
        if (rule && request.mode === 'no-cors') noteOnce('no-cors', MARKUP);
      }
      return {
        url,
        rule,
        handling,
        followsRedirects: followsRedirects(rule, url.pathname, request.method),
        resource: rule && resourceOf(rule),
        session: rule?.session,
      };
    },
  };
};
