import { createHash } from 'node:crypto';

export type HeaderPreset = {
  /** Origins besides their own that the page and the worker may talk to: the identity provider. */
  connect?: readonly string[];
  /** `sha256-…` of the inline blocks of this very page (see `inlineHashes`). */
  inlineScripts?: readonly string[];
  inlineStyles?: readonly string[];
  /** Paths of the worker scripts, shared by service and dedicated workers; by default anything of the own origin. */
  workers?: readonly string[];
  /**
   * Names of the only Trusted Types policies that scripts may make (https://w3c.github.io/trusted-types/), by default
   * those of the library and of its elements; `false`: strings may become markup and scripts.
   */
  trustedTypes?: readonly string[] | false;
  /** Adds `upgrade-insecure-requests` and HSTS; only for a deployment behind https. */
  https?: boolean;
};

const PERMISSIONS = [
  'camera',
  'display-capture',
  'geolocation',
  'microphone',
  'payment',
  'usb',
  'serial',
  'hid',
  'midi',
];
const POLICIES = ['lit-html', 'session-keeper'];
const HSTS_SECONDS = 63_072_000;

/** `ws:` origins of http ones; `'self'` does not cover them in every browser (w3c/webappsec-csp#7). */
const socketOrigin = (origin: string): string => origin.replace(/^http/, 'ws');

const list = (...values: readonly string[]): string => [...new Set(values)].join(' ');

const contentSecurityPolicy = (self: string, preset: HeaderPreset): string => {
  const { connect = [], trustedTypes = POLICIES } = preset;
  const quoted = (hashes: readonly string[] = []): string[] => hashes.map((hash) => `'${hash}'`);
  return [
    "default-src 'none'",
    `script-src ${list("'self'", ...quoted(preset.inlineScripts))}`,
    `style-src ${list("'self'", ...quoted(preset.inlineStyles))}`,
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "font-src 'self'",
    "manifest-src 'self'",
    // Exact paths, so that no upload becomes a worker. A query passes all the same (CSP 3 §6.7.2.8).
    `worker-src ${preset.workers?.map((path) => self + path).join(' ') ?? "'self'"}`,
    `connect-src ${list("'self'", socketOrigin(self), ...connect)}`,
    `form-action ${list("'self'", ...connect)}`,
    // A hidden frame is how injected script would run a silent sign-in of its own (RFC 10017).
    "frame-src 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    "base-uri 'none'",
    ...(trustedTypes ? ["require-trusted-types-for 'script'", `trusted-types ${trustedTypes.join(' ')}`] : []),
    ...(preset.https ? ['upgrade-insecure-requests'] : []),
  ].join('; ');
};

/**
 * Headers that every document of the application needs, its error pages included: one page without them reopens
 * what they close. `self` is the origin the application is served from.
 */
export const securityHeaders = (self: string, preset: HeaderPreset = {}): Record<string, string> => ({
  'content-security-policy': contentSecurityPolicy(self, preset),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': PERMISSIONS.map((feature) => `${feature}=()`).join(', '),
  ...(preset.https ? { 'strict-transport-security': `max-age=${HSTS_SECONDS}` } : {}),
});

/**
 * The least that any other answer of the origin needs, errors above all: in a frame or a pop-up, an address that ends
 * in one of them could be read by whoever opened it, with the authorization code in it (RFC 10017).
 */
export const BARE_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const REFUSALS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** A whole HTTP/1.1 answer, for a bare connection; `status` with its words. */
export const refusalWith = (status: string): string => {
  const headers = Object.entries({ ...BARE_HEADERS, connection: 'close', 'content-length': '0' });
  return `HTTP/1.1 ${status}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
};

/**
 * For Node's `clientError` event: what is refused before any handler sees it. Node's own answer has no headers at all,
 * and a page can provoke it with cookies (measured: the code in the address was readable).
 */
export const refusal = (error: { code?: string | undefined }): string =>
  refusalWith(REFUSALS[error.code ?? ''] ?? '400 Bad Request');

/** The worker's own policy, frozen with its script: even a faulty worker reaches nothing but these. */
export const workerPolicy = (self: string, connect: readonly string[]): string =>
  ["default-src 'none'", `connect-src ${list("'self'", socketOrigin(self), ...connect)}`, "script-src 'self'"].join(
    '; ',
  );

const hashesOf = (html: string, pattern: RegExp): string[] =>
  [...html.matchAll(pattern)].flatMap(([, content]) =>
    content?.trim() ? [`sha256-${createHash('sha256').update(content).digest('base64')}`] : [],
  );

/** Hashes of what a page of the build carries inline, so that the policy can stay without `unsafe-inline`. */
export const inlineHashes = (html: string): Required<Pick<HeaderPreset, 'inlineScripts' | 'inlineStyles'>> => ({
  inlineScripts: hashesOf(html, /<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/gi),
  inlineStyles: hashesOf(html, /<style[^>]*>([\s\S]*?)<\/style>/gi),
});
