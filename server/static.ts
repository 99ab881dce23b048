import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { KeeperConfig } from '../src/protocol/config.ts';
import { contentType, HTML } from './http/content-type.ts';
import { readInside, type FileBody } from './http/static-files.ts';
import { codingsFor, encode, type Coding } from './http/compression.ts';
import { inlineHashes, securityHeaders, type HeaderPreset } from './http/headers.ts';
import type { Ctx } from './http/route-helpers.ts';
import { requestOrigin, type Origins } from './http/origins.ts';
import { isDocumentNavigation } from './http/request-target.ts';
import { escapeHtml } from './http/html-page.ts';
import type { Releases } from './worker/releases.ts';
import { VAULT_PATH, vaultDocument } from './worker/vault-document.ts';
import { workerResponse } from './worker/worker-response.ts';
import type { WorkerSecrets } from './worker/worker-secret.ts';

export type StaticOptions = {
  /** The built application; `false` when another server serves it. */
  releases: Releases | false;
  /** Requests with an unknown `Host` get headers for the first one. */
  origins: Origins;
  issuerOrigin: string;
  config: KeeperConfig;
  workerSecrets: WorkerSecrets;
  /** Paths of the site's own worker scripts. */
  workers: readonly string[];
  /** Exact origins whose pages may embed the vault's document. */
  embedders: readonly string[];
  /** Enforces Trusted Types in documents. */
  trustedTypes: boolean;
  /** A comment at the end of the worker scripts. Another one makes a new version of them. */
  edition?: () => string;
};

const WORKER_SCRIPTS = new Set(['/sw.js', '/keeper-sw.js', '/keeper-session-sw.js']);
/** All scripts that may run as workers. */
const WORKERS = [...WORKER_SCRIPTS, '/keeper-pulse.js'];
/** The one of the app. Another one of the same scope would replace it. */
const WORKER = '/sw.js';
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

/** Whether the client has the same bytes in its cache (RFC 9110 §13.1.2). */
const isCached = (ifNoneMatch: string | undefined, etag: string): boolean =>
  (ifNoneMatch ?? '').split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));

const accepted = (c: Ctx): readonly Coding[] => codingsFor(c.req.header('accept-encoding'));

const encoded = async (c: Ctx, text: string): Promise<FileBody> => {
  const [coding] = accepted(c);
  return coding === undefined ? { bytes: Buffer.from(text) } : { bytes: await encode(text, coding), coding };
};

const encodingHeader = (coding: Coding | undefined): Record<string, string> =>
  coding === undefined ? {} : { 'content-encoding': coding };

/** A proxy that adds a script to a document would change its hash (RFC 9111 §5.2.2.6). */
const DOCUMENT_CACHE = 'no-cache, no-transform';

/** The file of the first folder that has it. */
const readFirst = async (
  folders: readonly string[],
  path: string,
  codings: readonly Coding[],
): Promise<FileBody | undefined> => {
  for (const folder of folders) {
    const found = await readInside(folder, path, codings);
    if (found) return found;
  }
  return undefined;
};

const missingPage = (path: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Not found</title><h1>Not found</h1><p>There is no ${escapeHtml(path)}.</p></html>`;

/**
 * The document with the configuration for a page without a worker (src/page/in-page). Only a navigation gets it: the
 * worker compares its copy with the build. JSON without `<` cannot close its element.
 */
const withConfig = (text: string, config: KeeperConfig): string => {
  const json = JSON.stringify(config).replaceAll('<', '\\u003c');
  return text.replace('</head>', () => `<script type="application/json" id="session-keeper">${json}</script></head>`);
};

/** Serves the built application: its files, `index.html` for navigations, and its worker scripts. */
export const createStaticHandler = (options: StaticOptions): ((c: Ctx) => Promise<Response>) => {
  const { releases, origins, issuerOrigin, config, workerSecrets } = options;
  const connect = origins.includes(issuerOrigin) ? [] : [issuerOrigin];
  const trustedTypes = options.trustedTypes ? {} : ({ trustedTypes: false } as const);

  const [defaultOrigin = ''] = origins;
  const originOf = (c: Ctx): string | undefined => requestOrigin(c.env.incoming.headers, origins);

  /** `worker-src` contains the origin, so it must be the origin of the request. */
  const headersFor = (c: Ctx, inline: HeaderPreset = {}): Record<string, string> => {
    const origin = originOf(c) ?? defaultOrigin;
    const workers = originOf(c) === undefined ? {} : { workers: [...WORKERS, ...options.workers] };
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

  /** Responds with the body, or with 304. */
  const respond = (c: Ctx, { bytes, coding }: FileBody, headers: Record<string, string>): Response => {
    const etag = etagOf(bytes);
    const all = { vary: 'Accept-Encoding', ...headers, etag };
    if (isCached(c.req.header('if-none-match'), etag)) return new Response(null, { status: 304, headers: all });
    return new Response(Uint8Array.from(bytes), { headers: { ...all, ...encodingHeader(coding) } });
  };

  const serveWorker = async (c: Ctx, dir: string): Promise<Response> => {
    const file = await readInside(dir, c.req.path);
    if (!file) return notFound(c);
    const page = await readInside(dir, '/index.html');
    const document = page && documentHeaders(c, page.bytes.toString('utf8'));
    const { status, headers, body } = await workerResponse(workerSecrets, {
      script: file.bytes.toString('utf8') + (options.edition?.() ?? ''),
      site: { config, document },
      headers: c.env.incoming.headers,
      self: originOf(c) ?? defaultOrigin,
      connect,
    });
    return new Response(body, { status, headers: { ...headersFor(c), ...headers } });
  };

  const serveFile = (c: Ctx, path: string, body: FileBody): Response =>
    respond(c, body, {
      // The file may be the site's own worker, which passes strings to `importScripts`.
      ...headersFor(c, { trustedTypes: false }),
      'content-type': contentType(path),
      'cache-control': path.startsWith('/assets/') ? IMMUTABLE : 'no-cache',
    });

  const serveHtml = async (c: Ctx, dir: string, path: string, cacheControl: string): Promise<Response> => {
    const [plain, body] = await Promise.all([readInside(dir, path), readInside(dir, path, accepted(c))]);
    if (!plain || !body) return notFound(c);
    const cookie = workerSecrets.installCookie(c.env.incoming.headers);
    const text = plain.bytes.toString('utf8');
    const isNavigation = isDocumentNavigation(c.req.method, c.env.incoming.headers);
    return respond(c, isNavigation ? await encoded(c, withConfig(text, config)) : body, {
      ...documentHeaders(c, text),
      'cache-control': cacheControl,
      ...(cookie === undefined ? {} : { 'set-cookie': cookie }),
      vary: 'Accept-Encoding, Accept, Sec-Fetch-Dest',
    });
  };

  const serveVault = (c: Ctx): Response => {
    const { embedders } = options;
    // The listener sets it for all responses. It knows no list, and `frame-ancestors` replaces it.
    c.env.outgoing.removeHeader('x-frame-options');
    const cookie = workerSecrets.installCookie(c.env.incoming.headers);
    return new Response(vaultDocument({ embedders, worker: WORKER, api: config.api }), {
      headers: {
        ...headersFor(c, { embedders }),
        'content-type': HTML,
        'cache-control': 'no-store',
        ...(cookie === undefined ? {} : { 'set-cookie': cookie }),
      },
    });
  };

  return async (c) => {
    const requested = decodedPath(c.req.path);
    const path = requested === '/' ? '/index.html' : requested;
    if (releases === false || path === undefined || !['GET', 'HEAD'].includes(c.req.method)) return notFound(c);
    const distDir = releases.current();
    if (path === VAULT_PATH && options.embedders.length > 0) return serveVault(c);
    if (WORKER_SCRIPTS.has(path)) return serveWorker(c, distDir);
    const found = await readFirst(path.startsWith('/assets/') ? releases.folders : [distDir], path, accepted(c));
    if (found)
      return extname(path) === '.html' ? serveHtml(c, distDir, path, DOCUMENT_CACHE) : serveFile(c, path, found);
    if (!isDocumentNavigation(c.req.method, c.env.incoming.headers)) return notFound(c);
    // The URL of the callback contains the authorization code, so no cache may store it.
    return serveHtml(c, distDir, '/index.html', path === CALLBACK ? 'no-store' : DOCUMENT_CACHE);
  };
};
