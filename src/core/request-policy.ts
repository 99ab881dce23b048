import type { ApiRule } from '../protocol/config.ts';

/** A parsed URL's exact origin and its normalised path, as the platform's URL parser gives them. */
export type Target = { origin: string; path: string };

/** Properties of a request (https://fetch.spec.whatwg.org/#requests). */
export type RequestKind = {
  mode: string;
  destination: string;
  method: string;
  credentials: string;
  headers: { get(name: string): string | null };
};

/**
 * `authorize`: a fetch, XHR or EventSource of the allow-list. `authorize-media`: an element's request on a declared
 * path, re-issued as same-origin because a no-cors request drops the header. `ignore`: the browser sends it as it is.
 */
export type RequestHandling = 'authorize' | 'authorize-media' | 'ignore';

const MEDIA: ReadonlySet<string> = new Set(['image', 'audio', 'video', 'track']);

const within = (path: string, root: string): boolean => path.startsWith(root.endsWith('/') ? root : `${root}/`);
const isBelow = (path: string, roots: readonly string[] | undefined): boolean =>
  roots?.some((root) => within(path, root)) ?? false;

/** An encoded `/`, `\\` or `.`, also where it is encoded more than once. */
const ENCODED_SEPARATOR = /%(?:25)*(?:2f|5c)/gi;
const ENCODED_DOT = /%(?:25)*2e/gi;

/** The path to which a server may route when it decodes before it resolves dot segments. */
const decodedPath = (path: string): string => {
  const segments: string[] = [];
  for (const segment of path.replace(ENCODED_SEPARATOR, '/').replace(ENCODED_DOT, '.').split('/'))
    if (segment === '..') segments.pop();
    else if (segment !== '.') segments.push(segment);
  // The first segment is empty, unless dot segments led out of the root.
  return segments[0] === '' ? segments.join('/') : '/';
};

/** Compares the exact origin, and the path by whole segments: as it is, and as a server may decode it. */
export const ruleFor = (rules: readonly ApiRule[], self: string, { origin, path }: Target): ApiRule | undefined => {
  const rule = ruleAsSent(rules, self, { origin, path });
  return rule && within(decodedPath(path), rule.path) ? rule : undefined;
};

const ruleAsSent = (rules: readonly ApiRule[], self: string, { origin, path }: Target): ApiRule | undefined =>
  rules.find((rule) => (rule.origin === 'self' ? self : rule.origin) === origin && within(path, rule.path));

/** Names the token that the requests of a rule need. `undefined`: the session's own. Rules of one API share its token. */
export const resourceOf = ({ resource, audience, scope }: ApiRule): string | undefined =>
  (resource ?? audience ?? scope) && JSON.stringify([resource, audience, scope]);

/** Whether the path lies in a rule only until a server decodes it. Such a request gets no token. */
export const leavesRule = (rules: readonly ApiRule[], self: string, target: Target): boolean =>
  ruleAsSent(rules, self, target) !== undefined && ruleFor(rules, self, target) === undefined;

/** Whether a redirect of this path is followed with authorization. Only GET and HEAD are sent twice. */
export const followsRedirects = (rule: ApiRule | undefined, path: string, method: string): boolean =>
  (method === 'GET' || method === 'HEAD') && isBelow(path, rule?.redirects);

/**
 * Markup without script sends no-cors requests without a destination too: `<a ping>` and `<link rel="prefetch">`. Injected
 * markup must not act for a user. A beacon of script has a body whose type is not that of a ping
 * (https://html.spec.whatwg.org/#hyperlink-auditing, https://w3c.github.io/beacon/).
 */
const isOfScript = ({ mode, method, headers }: RequestKind): boolean => {
  // Script cannot set this header. Chromium shows it to a worker (https://fetch.spec.whatwg.org/#sec-purpose-header).
  if (headers.get('sec-purpose') !== null) return false;
  if (mode === 'cors' || mode === 'same-origin') return true;
  const type = headers.get('content-type');
  return method === 'POST' && type !== null && !type.startsWith('text/ping');
};

/** Public paths, and requests that leave out credentials, say that they need none. They do not depend on the session. */
const isPublic = (rule: ApiRule, path: string, { credentials }: RequestKind): boolean =>
  credentials === 'omit' || isBelow(path, rule.public);

/**
 * The worker never answers a navigation: if it re-issues one, the server sees a cross-site form post as same-origin
 * (measured; https://github.com/whatwg/fetch/issues/1322). It also ignores other requests with a destination, except
 * declared media.
 */
export const handlingOf = (rule: ApiRule | undefined, path: string, kind: RequestKind): RequestHandling => {
  if (!rule || kind.mode === 'navigate' || isPublic(rule, path, kind)) return 'ignore';
  if (kind.destination === '') return isOfScript(kind) ? 'authorize' : 'ignore';
  const media = kind.method === 'GET' && MEDIA.has(kind.destination) && isBelow(path, rule.media);
  return media ? 'authorize-media' : 'ignore';
};
