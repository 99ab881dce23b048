import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import type { IncomingHttpHeaders } from 'node:http';
import type { KeeperConfig } from '../src/protocol/config.ts';
import { inlineHashes, securityHeaders, workerPolicy, type HeaderPreset } from './headers.ts';
import type { Ctx } from './http.ts';
import { originAsked, type Origins } from './origins.ts';
import { escapeHtml } from './page.ts';
import { SCRIPT_VARY, type Sealer } from './seal.ts';

export type StaticParts = {
  /** Folder of the built application; `false` when another server serves it. */
  distDir: string | false;
  /** The first is used for whoever came by a name that is not known. */
  origins: Origins;
  issuerOrigin: string;
  config: KeeperConfig;
  sealer: Sealer;
  /** Paths of further scripts that may be workers: a site's own. */
  workers: readonly string[];
  /** Enforces Trusted Types in documents, with the policies of the application and of its templates only. */
  trustedTypes: boolean;
};

const TYPES: { readonly [extension: string]: string } = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
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

const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  ['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'].includes(String(error.code));

/** The file's bytes, if it lies inside the folder and is there. */
const readInside = async (dir: string, path: string): Promise<Buffer | undefined> => {
  const root = resolve(dir);
  const file = join(root, path);
  if (path.includes('\0') || !file.startsWith(root + sep)) return undefined;
  try {
    return (await stat(file)).isFile() ? await readFile(file) : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

const decodedPath = (path: string): string | undefined => {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
};

const etagOf = (bytes: Buffer): string => `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;

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
export const createStatic = (parts: StaticParts): ((c: Ctx) => Promise<Response>) => {
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

  const notFound = (c: Ctx): Response => {
    const headers = { ...headersFor(c), 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
    return new Response(missingPage(c.req.path), { status: 404, headers });
  };

  const worker = async (c: Ctx, dir: string): Promise<Response> => {
    const bytes = await readInside(dir, c.req.path);
    if (!bytes) return notFound(c);
    const script = sealer.bake(bytes.toString('utf8'), config, c.env.incoming.headers);
    const headers = {
      ...headersFor(c),
      'cache-control': 'no-store',
      vary: SCRIPT_VARY,
      'content-security-policy': workerPolicy(asked(c) ?? first, connect),
    };
    if (script.type === 'refused') return new Response('The install cookie is missing.', { status: 403, headers });
    return new Response(script.text, { headers: { ...headers, 'content-type': 'text/javascript; charset=utf-8' } });
  };

  const file = (c: Ctx, path: string, bytes: Buffer): Response => {
    const etag = etagOf(bytes);
    const cacheControl = path.startsWith('/assets/') ? IMMUTABLE : 'no-cache';
    const headers = {
      // It may be a site's own worker, in which `importScripts` takes strings.
      ...headersFor(c, { trustedTypes: false }),
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'cache-control': cacheControl,
      etag,
    };
    if (c.req.header('if-none-match') === etag) return new Response(null, { status: 304, headers });
    return new Response(Uint8Array.from(bytes), { headers });
  };

  const html = (c: Ctx, bytes: Buffer, cacheControl: string): Response => {
    const text = bytes.toString('utf8');
    const cookie = sealer.installCookie(c.env.incoming.headers);
    const headers = {
      ...headersFor(c, inlineHashes(text)),
      'content-type': 'text/html; charset=utf-8',
      'cache-control': cacheControl,
      ...(cookie === undefined ? {} : { 'set-cookie': cookie }),
    };
    return new Response(text, { headers });
  };

  return async (c) => {
    const asked = decodedPath(c.req.path);
    const path = asked === '/' ? '/index.html' : asked;
    if (distDir === false || path === undefined || !['GET', 'HEAD'].includes(c.req.method)) return notFound(c);
    if (WORKER_SCRIPTS.has(path)) return worker(c, distDir);
    const bytes = await readInside(distDir, path);
    if (bytes && extname(path) !== '.html') return file(c, path, bytes);
    if (bytes) return html(c, bytes, 'no-cache');
    const shell = isDocumentNavigation(c.req.method, c.env.incoming.headers)
      ? await readInside(distDir, '/index.html')
      : undefined;
    // A code in the address of the callback must not stay in any cache.
    return shell ? html(c, shell, path === CALLBACK ? 'no-store' : 'no-cache') : notFound(c);
  };
};
