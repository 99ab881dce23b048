import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bundleScript } from '../../../scripts/build/bundle-script.ts';
import { CONFIG_GLOBAL, type KeeperConfig } from '../../../src/protocol/config.ts';
import type { SignInIntent } from '../../../src/protocol/bridge/calls.ts';
import { PLAIN_PAGE, startEmbeddingSite, type EmbeddingSite } from '../sites/embedding-site.ts';

/** The kinds of backend that sites write themselves. */
export type OwnBackendKind = 'cookie' | 'token' | 'csrf';

export type OwnBackendSite = EmbeddingSite & {
  readonly intent: SignInIntent;
  /** The API that the session opens. */
  readonly items: string;
  /** Requests for another token, or for the state of the session: those that a dead session may not repeat. */
  readonly asked: readonly string[];
  /** The backend forgets its access tokens. */
  expire(): void;
  /** The backend ends the session. */
  endSession(): void;
};

export const OWN_BACKEND_WORKER = '/own-sw.js';

/** `own-backends-sw.ts` has a sign-in of its own for the first two. A cookie session needs configuration only. */
const CASES: Record<OwnBackendKind, { config: Partial<KeeperConfig>; intent: SignInIntent; renews: string }> = {
  cookie: {
    config: { whoami: '/cookie/who', signIn: {} },
    intent: { kind: 'custom', name: 'in-cookie', credentials: { mail: 'ann@example.com', secret: 'right' } },
    renews: '/cookie/session/renew',
  },
  token: {
    config: { whoami: '/token/who', signIn: {} },
    intent: { kind: 'custom', name: 'token-only', credentials: { code: '123456' } },
    renews: '/token/session/renew',
  },
  csrf: {
    config: {
      whoami: '/csrf/who',
      signIn: {
        ticket: {
          login: { url: '/csrf/login', encoding: 'form', body: { username: '{username}', password: '{password}' } },
          status: { url: '/csrf/who', user: { sub: 'sub', name: 'name' }, signedOutOn: [401] },
          logout: '/csrf/logout',
          csrf: { header: 'X-CSRFToken', cookie: 'csrftoken', from: '/csrf/token' },
        },
      },
    },
    intent: { kind: 'ticket', username: 'ann', password: 'right' },
    renews: '/csrf/who',
  },
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
};

const cookieOf = (request: IncomingMessage, name: string): string | undefined =>
  new RegExp(`(?:^|; )${name}=([^;]*)`).exec(request.headers.cookie ?? '')?.[1];
const bearerOf = ({ headers }: IncomingMessage): string => (headers.authorization ?? '').replace('Bearer ', '');

type Reply = { status?: number; body?: unknown; cookies?: readonly string[] };
const USER = { sub: 'ann', name: 'Ann', id: 7 };

/** Its three sign-ins share nothing but this state: what is valid now. */
const createBackend = (asked: string[]) => {
  const access = new Set<string>();
  const refresh = new Set<string>();
  const sessions = new Set<string>();
  const csrfTokens = new Set<string>();
  const give = (to: Set<string>): string => {
    const value = randomUUID();
    to.add(value);
    return value;
  };
  const refreshCookie = (value: string, maxAge: number): string =>
    `renewal=${value}; Path=/cookie/session; Max-Age=${maxAge}; HttpOnly; SameSite=Strict`;
  const renewed = (): Reply => ({
    body: { access: { token: give(access) }, user: { id: 'ann', mail: 'ann@example.com' } },
    cookies: [refreshCookie(give(refresh), 600)],
  });
  const answerItems = (isSignedIn: boolean): Reply => (isSignedIn ? { body: { items: [1] } } : { status: 401 });
  const isKnown = (request: IncomingMessage): boolean => access.has(bearerOf(request));
  const hasSession = (request: IncomingMessage): boolean => sessions.has(cookieOf(request, 'sid') ?? '');

  const routes: Record<string, (request: IncomingMessage, body: string) => Reply> = {
    'POST /cookie/session': (_request, body) => {
      const form = new URLSearchParams(body);
      return form.get('mail') === 'ann@example.com' && form.get('secret') === 'right' ? renewed() : { status: 401 };
    },
    'POST /cookie/session/renew': (request) => {
      const former = cookieOf(request, 'renewal') ?? '';
      return refresh.delete(former) ? renewed() : { status: 400, body: { error: 'invalid_grant' } };
    },
    'DELETE /cookie/session': (request) => {
      refresh.delete(cookieOf(request, 'renewal') ?? '');
      return { status: 204, cookies: [refreshCookie('', 0)] };
    },
    'GET /cookie/who': (request) => (isKnown(request) ? { body: USER } : { status: 401 }),
    'GET /cookie/api/items': (request) => answerItems(isKnown(request)),
    'POST /token/session': (_request, body) =>
      body === '{"code":"123456"}' ? { body: { token: give(access) } } : { status: 401 },
    'POST /token/session/end': (_request, body) => {
      access.delete((JSON.parse(body) as { accessToken: string }).accessToken);
      return { status: 204 };
    },
    'GET /token/who': (request) => (isKnown(request) ? { body: USER } : { status: 401 }),
    'GET /token/api/items': (request) => answerItems(isKnown(request)),
    'GET /csrf/token': () => ({ cookies: [`csrftoken=${give(csrfTokens)}; Path=/; SameSite=Lax`] }),
    'POST /csrf/login': (_request, body) => {
      const form = new URLSearchParams(body);
      if (form.get('username') !== 'ann' || form.get('password') !== 'right') return { status: 401 };
      return { body: USER, cookies: [`sid=${give(sessions)}; Path=/; HttpOnly; SameSite=Lax`] };
    },
    'POST /csrf/logout': (request) => {
      sessions.delete(cookieOf(request, 'sid') ?? '');
      return { status: 204, cookies: ['sid=; Path=/; Max-Age=0'] };
    },
    'GET /csrf/who': (request) => (hasSession(request) ? { body: USER } : { status: 401 }),
    'GET /csrf/api/items': (request) => answerItems(hasSession(request)),
    'POST /csrf/api/items': (request) => answerItems(hasSession(request)),
  };

  /** As Django does: the header repeats the cookie. */
  const isForged = (request: IncomingMessage): boolean => {
    const sent = String(request.headers['x-csrftoken'] ?? '');
    return request.method !== 'GET' && (sent !== cookieOf(request, 'csrftoken') || !csrfTokens.has(sent));
  };

  return {
    access,
    endAll: () => [access, refresh, sessions].forEach((each) => each.clear()),
    answer: async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const path = (request.url ?? '').split('?')[0] ?? '';
      asked.push(`${request.method} ${path}`);
      const route = routes[`${request.method} ${path}`];
      const body = await bodyOf(request);
      const isRefused = path.startsWith('/csrf/') && isForged(request);
      const reply: Reply = isRefused ? { status: 403 } : (route?.(request, body) ?? { status: 404 });
      const { status = 200, cookies = [] } = reply;
      response.setHeader('set-cookie', [...cookies]);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(status === 204 ? undefined : JSON.stringify(reply.body ?? {}));
    },
    paths: [...new Set(Object.keys(routes).map((route) => route.split(' ')[1] ?? ''))],
  };
};

let script: Promise<string> | undefined;
const workerScript = async (): Promise<string> => {
  const entry = { file: 'own-sw.js', source: 'test/clients/own-backends-sw.ts', format: 'es' } as const;
  const more = { tsconfig: 'test/clients/tsconfig.json', precache: false, baked: true };
  const defines = { build: 'own', precache: [], base: '/' };
  return (await bundleScript(process.cwd(), { ...entry, ...more }, 'production', defines)).code;
};

/** A site whose own backend signs people in, in one of these ways. */
export const startOwnBackendSite = async (kind: OwnBackendKind): Promise<OwnBackendSite> => {
  const { config, intent, renews } = CASES[kind];
  const site = await startEmbeddingSite();
  const asked: string[] = [];
  const backend = createBackend(asked);
  for (const path of backend.paths) site.serve(path, (request, response) => void backend.answer(request, response));
  const api = [{ origin: 'self' as const, path: `/${kind}/api/` }];
  const whole = { api, sockets: [], ...config };
  site.serve(
    OWN_BACKEND_WORKER,
    `self.${CONFIG_GLOBAL} = ${JSON.stringify({ config: whole })};\n${await (script ??= workerScript())}`,
  );
  site.serve('/', PLAIN_PAGE);
  return {
    ...site,
    intent,
    items: `/${kind}/api/items`,
    get asked() {
      return asked.filter((line) => line.endsWith(` ${renews}`));
    },
    expire: () => backend.access.clear(),
    endSession: backend.endAll,
  };
};
