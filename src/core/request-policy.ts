import type { ApiRule } from '../protocol/config.ts';

/** A parsed URL's exact origin and its normalised path, as the platform's URL parser gives them. */
export type Target = { origin: string; path: string };

/** What the platform says of a request (Fetch standard: mode, destination, method). */
export type RequestKind = { mode: string; destination: string; method: string };

/**
 * `authorize`: a fetch, XHR or EventSource of the allow-list. `authorize-media`: an element's request on a declared
 * path, re-issued as same-origin because a no-cors request drops the header. `leave`: none of our business.
 */
export type RequestHandling = 'authorize' | 'authorize-media' | 'ignore';

/** An encoded separator means one thing to us and another to a server that decodes it: no token for either. */
const ENCODED_SEPARATOR = /%2f|%5c/i;

const MEDIA: ReadonlySet<string> = new Set(['image', 'audio', 'video', 'track']);

/** Exact origin, and a path on a segment boundary: never a prefix of a name. */
export const ruleFor = (rules: readonly ApiRule[], self: string, { origin, path }: Target): ApiRule | undefined =>
  ENCODED_SEPARATOR.test(path)
    ? undefined
    : rules.find((rule) => (rule.origin === 'self' ? self : rule.origin) === origin && within(path, rule.path));

const within = (path: string, root: string): boolean => path.startsWith(root.endsWith('/') ? root : `${root}/`);

/** Whether a redirect of this path may be followed with authorization. What changes something is never sent twice. */
export const followsRedirects = (rule: ApiRule | undefined, path: string, method: string): boolean =>
  (method === 'GET' || method === 'HEAD') && (rule?.redirects?.some((root) => within(path, root)) ?? false);

/**
 * A navigation is never answered: a worker that re-issues one makes a cross-site form post look same-origin to the
 * server (measured; whatwg/fetch#1322). Neither is anything else with a destination of its own.
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
