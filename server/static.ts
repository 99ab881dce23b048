import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { IncomingHttpHeaders } from 'node:http';
import type { KeeperConfig } from '../src/protocol/config.ts';
import { readInside, type Body } from './http/static-files.ts';
import { codingsFor, encode, type Coding } from './http/compression.ts';
import { inlineHashes, securityHeaders, workerPolicy, type HeaderPreset } from './http/headers.ts';
import type { Ctx } from './http/http.ts';
import { originAsked, type Origins } from './http/origins.ts';
import { escapeHtml } from './http/html-page.ts';
import { SCRIPT_VARY, type WorkerSecrets } from './worker/worker-secret.ts';

export type StaticOptions = {
  /** Folder of the built application; `false` when another server serves it. */
  distDir: string | false;
  /** The first is used for whoever came by a name that is not known. */
  origins: Origins;
  issuerOrigin: string;
  config: KeeperConfig;
  sealer: WorkerSecrets;
  /** Paths of further scripts that may be workers: a site's own. */
  workers: readonly string[];
  /** Enforces Trusted Types in documents, with the policies of the application and of its templates only. */
  trustedTypes: boolean;
};

const HTML = 'text/html; charset=utf-8';

const TYPES: { readonly [extension: string]: string } = {
  '.css': 'text/css; charset=utf-8',
  '.html': HTML,
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mp4': 'video/mp4',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

const WORKER_SCRIPTS = new Set(['/sw.js', '/keeper-sw.js', '/keeper-session-sw.js']);
/** Scripts that may run as workers: those, and the one that sends pulses. */
const WORKERS = [...WORKER_SCRIPTS, '/keeper-pulse.js'];
const CALLBACK = '/auth/callback';
const IMMUTABLE = 'public, max-age=31536000, immutable';

const decodedPath = (path: string): string | undefined => {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
};

const etagOf = (bytes: Buffer): string => `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;

/** Whether a client that asks again has these very bytes (RFC 9110 §13.1.2). */
const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  (ifNoneMatch ?? '').split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));

const accepted = (c: Ctx): readonly Coding[] => codingsFor(c.req.header('accept-encoding'));

const encodedAs = (coding: Coding | undefined): Record<string, string> =>
  coding === undefined ? {} : { 'content-encoding': coding };

/** A person is going somewhere; a script, an image or an API call that asks for a missing file is not. */
const isDocumentNavigation = (method: string, headers: IncomingHttpHeaders): boolean => {
  const destination = headers['sec-fetch-dest'];
  const asksForHtml = (headers.accept ?? '').includes('text/html');
  return (
    (method === 'GET' || method === 'HEAD') && (destination === undefined ? asksForHtml : destination === 'document')
  );
};

const missingPage = (path: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Not found</title><h1>Not found</h1><p>There is no ${escapeHtml(path)}.</p></html>`;

/** Serves the built application: its files, its shell for navigations, its worker scripts. */
export const createStaticHandler = (parts: StaticOptions): ((c: Ctx) => Promise<Response>) => {
  const { distDir, origins, issuerOrigin, config, sealer } = parts;
  const connect = origins.includes(issuerOrigin) ? [] : [issuerOrigin];
  const trustedTypes = parts.trustedTypes ? {} : ({ trustedTypes: false } as const);

  const [first = ''] = origins;
  const asked = (c: Ctx): string | undefined => originAsked(c.env.incoming.headers, origins);

  /** Worker scripts are named with their origin, so that has to be the one that was asked. */
  const headersFor = (c: Ctx, inline: HeaderPreset = {}): Record<string, string> => {
    const origin = asked(c) ?? first;
    const workers = asked(c) === undefined ? {} : { workers: [...WORKERS, ...parts.workers] };
    return securityHeaders(origin, {
      connect,
      ...trustedTypes,
      ...workers,
      https: origin.startsWith('https:'),
      ...inline,
    });
  };

  const documentHeaders = (c: Ctx, text: string): Record<string, string> => ({
    ...headersFor(c, inlineHashes(text)),
    'content-type': HTML,
  });

  const notFound = (c: Ctx): Response => {
    const headers = { ...headersFor(c), 'content-type': HTML, 'cache-control': 'no-store' };
    return new Response(missingPage(c.req.path), { status: 404, headers });
  };

  /** A whole answer, or that the client has it already. */
  const answer = (c: Ctx, { bytes, coding }: Body, headers: Record<string, string>): Response => {
    const etag = etagOf(bytes);
    const known = { ...headers, vary: 'Accept-Encoding', etag };
    if (isKnown(c.req.header('if-none-match'), etag)) return new Response(null, { status: 304, headers: known });
    return new Response(Uint8Array.from(bytes), { headers: { ...known, ...encodedAs(coding) } });
  };

  /** Encoded anew each time. It holds a secret, but nothing that whoever might measure its length could choose. */
  const worker = async (c: Ctx, dir: string): Promise<Response> => {
    const file = await readInside(dir, c.req.path);
    if (!file) return notFound(c);
    const shell = await readInside(dir, '/index.html');
    const document = shell && documentHeaders(c, shell.bytes.toString('utf8'));
    const script = sealer.bake(file.bytes.toString('utf8'), { config, document }, c.env.incoming.headers);
    const headers = {
      ...headersFor(c),
      'cache-control': 'no-store',
      vary: `Accept-Encoding, ${SCRIPT_VARY}`,
      'content-security-policy': workerPolicy(asked(c) ?? first, connect),
    };
    if (script.type === 'refused') return new Response('The install cookie is missing.', { status: 403, headers });
    const [coding] = accepted(c);
    const body = coding === undefined ? script.text : Uint8Array.from(await encode(script.text, coding));
    return new Response(body, {
      headers: { ...headers, 'content-type': 'text/javascript; charset=utf-8', ...encodedAs(coding) },
    });
  };

  const file = (c: Ctx, path: string, body: Body): Response =>
    answer(c, body, {
      // It may be a site's own worker, in which `importScripts` takes strings.
      ...headersFor(c, { trustedTypes: false }),
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'cache-control': path.startsWith('/assets/') ? IMMUTABLE : 'no-cache',
    });

  const html = async (c: Ctx, dir: string, path: string, cacheControl: string): Promise<Response> => {
    const [plain, body] = await Promise.all([readInside(dir, path), readInside(dir, path, accepted(c))]);
    if (!plain || !body) return notFound(c);
    const cookie = sealer.installCookie(c.env.incoming.headers);
    return answer(c, body, {
      ...documentHeaders(c, plain.bytes.toString('utf8')),
      'cache-control': cacheControl,
      ...(cookie === undefined ? {} : { 'set-cookie': cookie }),
    });
  };

  return async (c) => {
    const asked = decodedPath(c.req.path);
    const path = asked === '/' ? '/index.html' : asked;
    if (distDir === false || path === undefined || !['GET', 'HEAD'].includes(c.req.method)) return notFound(c);
    if (WORKER_SCRIPTS.has(path)) return worker(c, distDir);
    const found = await readInside(distDir, path, accepted(c));
    if (found) return extname(path) === '.html' ? html(c, distDir, path, 'no-cache') : file(c, path, found);
    if (!isDocumentNavigation(c.req.method, c.env.incoming.headers)) return notFound(c);
    // A code in the address of the callback must not stay in any cache.
    return html(c, distDir, '/index.html', path === CALLBACK ? 'no-store' : 'no-cache');
  };
};
