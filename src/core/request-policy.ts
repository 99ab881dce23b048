import type { ApiRule } from '../protocol/config.ts';

/** A parsed URL's exact origin and its normalised path, as the platform's URL parser gives them. */
export type Target = { origin: string; path: string };

/** Properties of a request (https://fetch.spec.whatwg.org/#requests). */
export type RequestKind = { mode: string; destination: string; method: string };

/**
 * `authorize`: a fetch, XHR or EventSource of the allow-list. `authorize-media`: an element's request on a declared
 * path, re-issued as same-origin because a no-cors request drops the header. `ignore`: the browser sends it as it is.
 */
export type RequestHandling = 'authorize' | 'authorize-media' | 'ignore';

/** A server may decode an encoded separator and route to another path, so such a request gets no token. */
const ENCODED_SEPARATOR = /%2f|%5c/i;

const MEDIA: ReadonlySet<string> = new Set(['image', 'audio', 'video', 'track']);

/** Compares the exact origin, and the path by whole segments. */
export const ruleFor = (rules: readonly ApiRule[], self: string, { origin, path }: Target): ApiRule | undefined =>
  ENCODED_SEPARATOR.test(path)
    ? undefined
    : rules.find((rule) => (rule.origin === 'self' ? self : rule.origin) === origin && within(path, rule.path));

const within = (path: string, root: string): boolean => path.startsWith(root.endsWith('/') ? root : `${root}/`);

/** Whether a redirect of this path is followed with authorization. Only GET and HEAD are sent twice. */
export const followsRedirects = (rule: ApiRule | undefined, path: string, method: string): boolean =>
  (method === 'GET' || method === 'HEAD') && (rule?.redirects?.some((root) => within(path, root)) ?? false);

/**
 * The worker never answers a navigation: if it re-issues one, the server sees a cross-site form post as same-origin
 * (measured; https://github.com/whatwg/fetch/issues/1322). It also ignores other requests with a destination, except
 * declared media.
 */
export const handlingOf = (
  rule: ApiRule | undefined,
  path: string,
  { mode, destination, method }: RequestKind,
): RequestHandling => {
  if (!rule || mode === 'navigate') return 'ignore';
  if (destination === '') return 'authorize';
  const media = method === 'GET' && MEDIA.has(destination) && rule.media?.some((root) => within(path, root));
  return media ? 'authorize-media' : 'ignore';
};
