import { createHash } from 'node:crypto';

/** Options of `securityHeaders`. All are optional. */
export type HeaderPreset = {
  /** Other origins to which the page and the worker may connect, such as the identity provider. */
  connect?: readonly string[];
  /** `sha256-…` of the inline blocks of this page: see `inlineHashes`. */
  inlineScripts?: readonly string[];
  inlineStyles?: readonly string[];
  /** Of this response only: lets blocks with this `nonce` attribute run (https://www.w3.org/TR/CSP3/#framework-directive-source-list). */
  nonce?: string;
  /** Paths of the service and dedicated worker scripts. Default: all paths of the own origin. */
  workers?: readonly string[];
  /**
   * Names of the Trusted Types policies that scripts may create (https://w3c.github.io/trusted-types/). Default: those of
   * the library and its elements. `false` disables Trusted Types.
   */
  trustedTypes?: readonly string[] | false;
  /** Exact origins whose pages may show this document in a frame: that of a vault. Default: none. */
  embedders?: readonly string[];
  /** Adds `upgrade-insecure-requests` and HSTS. Only for a deployment on https. */
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

/** The `ws:` origin of an http origin. `'self'` does not include it in every browser (w3c/webappsec-csp#7). */
const socketOrigin = (origin: string): string => origin.replace(/^http/, 'ws');

const list = (...values: readonly string[]): string => [...new Set(values)].join(' ');

const contentSecurityPolicy = (self: string, preset: HeaderPreset): string => {
  const { connect = [], trustedTypes = POLICIES, embedders = [] } = preset;
  const nonce = preset.nonce === undefined ? [] : [`nonce-${preset.nonce}`];
  const quoted = (hashes: readonly string[] = []): string[] => [...hashes, ...nonce].map((source) => `'${source}'`);
  return [
    "default-src 'none'",
    `script-src ${list("'self'", ...quoted(preset.inlineScripts))}`,
    `style-src ${list("'self'", ...quoted(preset.inlineStyles))}`,
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "font-src 'self'",
    "manifest-src 'self'",
    // Exact paths, so that no uploaded file can become a worker. CSP ignores the query (CSP 3 §6.7.2.8).
    `worker-src ${preset.workers?.map((path) => self + path).join(' ') ?? "'self'"}`,
    `connect-src ${list("'self'", socketOrigin(self), ...connect)}`,
    `form-action ${list("'self'", ...connect)}`,
    // An injected script could run a silent sign-in in a hidden frame (RFC 10017).
    "frame-src 'none'",
    `frame-ancestors ${embedders.length === 0 ? "'none'" : list(...embedders)}`,
    "object-src 'none'",
    "base-uri 'none'",
    ...(trustedTypes ? ["require-trusted-types-for 'script'", `trusted-types ${trustedTypes.join(' ')}`] : []),
    ...(preset.https ? ['upgrade-insecure-requests'] : []),
  ].join('; ');
};

/**
 * Who may frame a document. `X-Frame-Options` knows no list, so `frame-ancestors` alone says it. With a policy for embedders,
 * pages with cross-origin isolation may embed it too (https://html.spec.whatwg.org/#coep).
 */
const framing = ({ embedders = [] }: HeaderPreset): Record<string, string> =>
  embedders.length === 0
    ? { 'cross-origin-resource-policy': 'same-origin', 'x-frame-options': 'DENY' }
    : { 'cross-origin-resource-policy': 'same-site', 'cross-origin-embedder-policy': 'require-corp' };

/**
 * Returns the headers for every document of the application, error pages included: one page without them is enough for
 * an attack. `self` is the origin of the application. The policy is a strict one
 * (https://www.w3.org/TR/CSP3/): no inline script but those whose hashes you pass.
 *
 * @example
 * import { createServer } from 'node:http';
 * import { securityHeaders } from 'session-keeper/headers';
 * const headers = securityHeaders('https://app.example', { connect: ['https://id.example'], https: true });
 * createServer((_request, response) => response.writeHead(200, headers).end('<!doctype html>…'));
 */
export const securityHeaders = (self: string, preset: HeaderPreset = {}): Record<string, string> => ({
  'content-security-policy': contentSecurityPolicy(self, preset),
  'cross-origin-opener-policy': 'same-origin',
  ...framing(preset),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'permissions-policy': PERMISSIONS.map((feature) => `${feature}=()`).join(', '),
  ...(preset.https ? { 'strict-transport-security': `max-age=${HSTS_SECONDS}` } : {}),
});

/**
 * Minimum headers for every other response of the origin, errors above all. Without them, a site that opens such a URL in
 * a frame or pop-up could read the authorization code in its address (RFC 10017).
 */
export const BARE_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** The error of a `clientError` event. Node's types say `Error`, and its parser adds `code`. */
type NodeError = { code?: string | undefined; message?: string };

const PARSE_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/**
 * Returns a complete HTTP/1.1 response without a body, for a raw socket (RFC 9112). `status` is code and reason.
 *
 * @example
 * import { createServer } from 'node:http';
 * import { refusalWith } from 'session-keeper/headers';
 * createServer().on('upgrade', (_request, socket) => socket.end(refusalWith('426 Upgrade Required')));
 */
export const refusalWith = (status: string): string => {
  const headers = Object.entries({ ...BARE_HEADERS, connection: 'close', 'content-length': '0' });
  return `HTTP/1.1 ${status}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
};

/**
 * Returns the response for Node's `clientError` event, which no handler sees. Node's own response has no security headers,
 * and a page can provoke it with oversized cookies (measured: the authorization code in the address was readable).
 *
 * @example
 * import { createServer } from 'node:http';
 * import { refusal } from 'session-keeper/headers';
 * createServer().on('clientError', (error, socket) => {
 *   if (socket.writable) socket.end(refusal(error));
 *   else socket.destroy();
 * });
 */
export const refusal = (error: NodeError): string => refusalWith(PARSE_ERRORS[error.code ?? ''] ?? '400 Bad Request');

/**
 * Returns the content security policy for the worker script itself. It limits which origins even a compromised worker can
 * reach: `self` and those in `connect`, such as the provider.
 *
 * @example
 * import { workerPolicy } from 'session-keeper/headers';
 * const headers = { 'content-security-policy': workerPolicy('https://app.example', ['https://id.example']) };
 */
export const workerPolicy = (self: string, connect: readonly string[]): string =>
  ["default-src 'none'", `connect-src ${list("'self'", socketOrigin(self), ...connect)}`, "script-src 'self'"].join(
    '; ',
  );

const hashesOf = (html: string, pattern: RegExp): string[] =>
  [...html.matchAll(pattern)].flatMap(([, content]) =>
    content?.trim() ? [`sha256-${createHash('sha256').update(content).digest('base64')}`] : [],
  );

/**
 * Returns the hashes of the inline scripts and styles of a page, so that its policy needs no `unsafe-inline`
 * (https://www.w3.org/TR/CSP3/#match-element-to-source-list).
 *
 * @example
 * import { readFileSync } from 'node:fs';
 * import { inlineHashes, securityHeaders } from 'session-keeper/headers';
 * const html = readFileSync('dist/index.html', 'utf8');
 * const headers = securityHeaders('https://app.example', inlineHashes(html));
 */
export const inlineHashes = (html: string): Required<Pick<HeaderPreset, 'inlineScripts' | 'inlineStyles'>> => ({
  inlineScripts: hashesOf(html, /<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/gi),
  inlineStyles: hashesOf(html, /<style[^>]*>([\s\S]*?)<\/style>/gi),
});
