import { header, type HttpResponse } from './http-request.ts';

/** The directives of a Content-Security-Policy. The first one of each name counts (CSP3 §2.2.1). */
export type Policy = ReadonlyMap<string, readonly string[]>;

export const parsePolicy = (text: string): Policy => {
  const directives = new Map<string, readonly string[]>();
  for (const directive of text.split(';')) {
    const [name, ...sources] = directive.trim().split(/\s+/);
    if (name && !directives.has(name.toLowerCase())) directives.set(name.toLowerCase(), sources);
  }
  return directives;
};

export const policyOf = (answer: HttpResponse): Policy => parsePolicy(header(answer, 'content-security-policy'));

/** Fallbacks for a missing directive (CSP3 §6.8.3). All others fall back to `default-src` only. */
const FALLBACKS: Readonly<Record<string, readonly string[]>> = {
  'worker-src': ['child-src', 'script-src'],
  'frame-src': ['child-src'],
};

/** The sources that apply, or `undefined` when no directive restricts them. */
export const sourcesFor = (policy: Policy, name: string): readonly string[] | undefined => {
  const chain = [name, ...(FALLBACKS[name] ?? []), 'default-src'];
  return chain.map((candidate) => policy.get(candidate)).find((sources) => sources !== undefined);
};

const SCHEME = /^([a-z][a-z0-9+.-]*):$/i;
const HOST = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/:]+)(?::(\d+|\*))?(\/.*)?$/i;

const schemeFits = (pattern: string | undefined, url: URL, self: URL): boolean => {
  const wanted = `${pattern ?? self.protocol.slice(0, -1)}:`.toLowerCase();
  // http also allows https (CSP3 §6.7.2.8).
  return wanted === url.protocol || (wanted === 'http:' && url.protocol === 'https:');
};

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };
const portOf = (url: URL): string => (url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? '') : url.port);

const hostFits = (host: string, url: URL): boolean =>
  host === '*' ||
  (host.startsWith('*.') ? url.hostname.endsWith(host.slice(1).toLowerCase()) : url.hostname === host.toLowerCase());

const sourceFits = (source: string, url: URL, self: URL): boolean => {
  if (source === '*') return true;
  if (source.toLowerCase() === "'self'") return url.origin === self.origin;
  const scheme = SCHEME.exec(source)?.[1];
  if (scheme !== undefined) return schemeFits(scheme, url, self);
  const [, wanted, host, port, path] = HOST.exec(source) ?? [];
  if (host === undefined || host.startsWith("'") || !schemeFits(wanted, url, self) || !hostFits(host, url))
    return false;
  const asked = port ?? DEFAULT_PORTS[`${wanted ?? ''}:`] ?? portOf(url);
  if (asked !== '*' && asked !== portOf(url)) return false;
  return path === undefined || (path.endsWith('/') ? url.pathname.startsWith(path) : url.pathname === path);
};

/** Whether a page at `self` may request `url` under these sources. Follows CSP3 §6.7.2 without redirects. */
export const admits = (sources: readonly string[] | undefined, url: URL, self: URL): boolean =>
  sources === undefined || sources.some((source) => sourceFits(source, url, self));

export type Framing = 'none' | 'same-origin' | 'any' | 'some';

/** Which sites may frame this response. `frame-ancestors` overrides `X-Frame-Options` (CSP3 §6.4.2). */
export const framingOf = (answer: HttpResponse): Framing => {
  const ancestors = policyOf(answer).get('frame-ancestors');
  if (ancestors) {
    if (ancestors.every((source) => source.toLowerCase() === "'none'")) return 'none';
    if (ancestors.every((source) => source.toLowerCase() === "'self'")) return 'same-origin';
    return ancestors.some((source) => ['*', 'http:', 'https:'].includes(source)) ? 'any' : 'some';
  }
  const option = header(answer, 'x-frame-options').trim().toUpperCase();
  if (option === 'DENY') return 'none';
  return option === 'SAMEORIGIN' ? 'same-origin' : 'any';
};

/** Whether the page's window has no connection to the window that opened it. */
export const isIsolated = (answer: HttpResponse): boolean =>
  header(answer, 'cross-origin-opener-policy').split(';')[0]?.trim() === 'same-origin';
