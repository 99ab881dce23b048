import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import type { Page } from '@playwright/test';
import { CONFIG_GLOBAL, type KeeperConfig } from '../../../src/protocol/config.ts';
import type { Keeper } from '../../../src/page/types/types.ts';
import type { Evaluates } from '../page/keeper-page.ts';

/** A request that reached the site's server below `/api/`. */
export type ApiRequest = {
  method: string;
  path: string;
  authorization: string | undefined;
  referer: string | undefined;
  /** Of the answer, once there is one. */
  status?: number;
};

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export type EmbeddingSiteOptions = {
  /** Folder with the site's files. Default: the product's build. */
  folder?: string;
};

/** An existing site beside the product's build: a password login, an API, pages and workers of its own. */
export type EmbeddingSite = {
  readonly origin: string;
  /** Requests below `/api/`, oldest first. */
  readonly received: ApiRequest[];
  /** What the server gives for a path. A later call replaces it. */
  serve(path: string, content: string | Answer): void;
  /** Ends all refresh and access tokens. */
  revoke(): void;
  stop(): Promise<void>;
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.css': 'text/css; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};
const ACCESS_SECONDS = 300;

/** The configuration of a site whose API and login lie below `root`. */
export const embeddingConfig = (root = '/', more: Partial<KeeperConfig> = {}): KeeperConfig => ({
  api: [{ origin: 'self', path: `${root}api/` }],
  whoami: `${root}api/me`,
  signIn: {
    password: {
      login: `${root}api/login`,
      refresh: `${root}api/refresh`,
      logout: `${root}api/logout`,
      reuseGraceMs: 0,
    },
  },
  sockets: [],
  ...more,
});

/** The script of a worker of the build, with its configuration. */
export const keeperScript = async (config: KeeperConfig, file = 'keeper-sw.js'): Promise<string> =>
  `self.${CONFIG_GLOBAL} = ${JSON.stringify({ config })};\n${await readFile(join('dist', file), 'utf8')}`;

export const PLAIN_PAGE = '<!doctype html><title>site</title><link rel="icon" href="data:,">';

const bodyOf = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
  } catch {
    return {};
  }
};

export const startEmbeddingSite = async ({ folder = 'dist' }: EmbeddingSiteOptions = {}): Promise<EmbeddingSite> => {
  const contents = new Map<string, string | Answer>();
  const received: ApiRequest[] = [];
  const access = new Map<string, string>();
  const refresh = new Map<string, string>();

  const grant = (user: string) => {
    const [token, next] = [randomUUID(), randomUUID()];
    access.set(token, user);
    refresh.set(next, user);
    return { access_token: token, refresh_token: next, token_type: 'Bearer', expires_in: ACCESS_SECONDS };
  };

  const answerApi = async (request: IncomingMessage, name: string): Promise<[status: number, body: unknown]> => {
    const { username, refresh_token: former } = await bodyOf(request);
    if (name === 'login') return [200, grant(String(username))];
    if (name === 'refresh') {
      const user = refresh.get(String(former));
      refresh.delete(String(former));
      return user ? [200, grant(user)] : [400, { error: 'invalid_grant' }];
    }
    if (name === 'logout') refresh.delete(String(former));
    const user = access.get((request.headers.authorization ?? '').replace('Bearer ', ''));
    if (name === 'logout' || name.startsWith('public')) return [200, {}];
    if (user === undefined) return [401, { error: 'unauthorized' }];
    return name === 'me' ? [200, { sub: user, name: user, roles: ['editor'] }] : [200, { user, name }];
  };

  const answerFile = async (path: string, response: ServerResponse): Promise<void> => {
    try {
      const bytes = await readFile(join(folder, path.endsWith('/') ? `${path}index.html` : path));
      const type = TYPES[extname(path)] ?? (path.endsWith('/') ? TYPES['.html'] : 'application/octet-stream');
      response.writeHead(200, { 'content-type': type }).end(bytes);
    } catch {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('no such file');
    }
  };

  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://site').pathname;
    const { authorization, referer } = request.headers;
    const [, name] = /\/api\/(.*)$/.exec(path) ?? [];
    const entry: ApiRequest = { method: request.method ?? '', path, authorization, referer };
    if (name !== undefined) received.push(entry);
    const content = contents.get(path);
    response.setHeader('cache-control', 'no-cache');
    if (typeof content === 'function') return content(request, response);
    if (content !== undefined) {
      const type = TYPES[extname(path)] ?? 'text/html; charset=utf-8';
      return void response.writeHead(200, { 'content-type': type }).end(content);
    }
    if (name === undefined) return void answerFile(path, response);
    void answerApi(request, name).then(([status, body]) => {
      entry.status = status;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    origin: `http://localhost:${typeof address === 'object' && address ? address.port : 0}`,
    received,
    serve: (path, content) => void contents.set(path, content),
    revoke() {
      access.clear();
      refresh.clear();
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

/** Opens a page of the site and connects it to this worker. */
export const openSite = async (page: Page, url: string, worker: string): Promise<void> => {
  await page.goto(url);
  await connectSite(page, worker);
};

export const connectSite = (page: Evaluates, worker: string): Promise<void> =>
  page.evaluate(async (script) => {
    const library = '/keeper.js';
    const { connect } = (await import(library)) as { connect(options: { worker: string }): Promise<Keeper> };
    window.keeper = await connect({ worker: script });
  }, worker);

export const signInSite = (page: Evaluates, username = 'ann'): Promise<unknown> =>
  page.evaluate((name) => window.keeper.signIn({ kind: 'password', username: name, password: 'pw' }), username);
