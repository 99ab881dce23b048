import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/*
 * A deployment in which everything is right, in two small servers of which each answer can be spoiled. It shares no
 * code with the server kit: the doctor has to understand other people's servers.
 */

export type Request = { method: string; url: URL; headers: IncomingMessage['headers']; body: string };
export type Reply = { status?: number; headers?: Record<string, string>; body?: string };
/** A refusal, or a handshake that chooses a subprotocol ('' for none). */
export type Upgrade = 401 | 403 | 404 | { chooses: string };
export type Handler = (request: Request, site: TestSite) => Reply;

export type TestSite = {
  origin: string;
  issuer: string;
  /** `METHOD path` of each request, without its query. */
  log: string[];
  stop(): Promise<void>;
};

/** The handlers that a test can replace. `upgrade` decides a WebSocket handshake: its status or its subprotocol. */
export type Plan = {
  page: Handler;
  missing: Handler;
  tooLong: Handler;
  tooLarge: Handler;
  callback: Handler;
  worker: Handler;
  whoami: Handler;
  lab: Handler;
  login: Handler;
  refresh: Handler;
  logout: Handler;
  /** The route at which a browser registers the key of its device. */
  bind: Handler;
  asset: Handler;
  pulse: Handler;
  ticket: Handler;
  upgrade: (request: Request, site: TestSite) => Upgrade;
  metadata: Handler;
  token: Handler;
  authorize: Handler;
};

/** Larger than the doctor's requests, so that the handlers answer them and not Node's parser. */
const MAX_HEADER_BYTES = 131_072;
const LONG = 16_384;

export const policy = ({ issuer }: TestSite, change: Record<string, string | undefined> = {}): string =>
  Object.entries({
    'default-src': "'none'",
    'script-src': "'self'",
    'img-src': 'data:',
    'worker-src': "'self'",
    'connect-src': `'self' ${issuer}`,
    'frame-src': "'none'",
    'frame-ancestors': "'none'",
    ...change,
  })
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]))
    .join('; ');

export const guarded = (site: TestSite, change: Record<string, string> = {}): Record<string, string> => ({
  'content-type': 'text/html',
  'content-security-policy': policy(site),
  'cross-origin-opener-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000',
  ...change,
});

export const html = (site: TestSite, change: Record<string, string> = {}): Reply => ({
  headers: guarded(site, change),
  body: '<!doctype html><title>TestSite</title><link rel="icon" href="data:,"><script src="/app.js"></script>',
});

/** Claims the pages when it activates and answers a pulse, like the real worker with that option. */
export const WORKER_CODE = `addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  if (!event.request.url.endsWith('/__keeper/pulse')) return;
  event.respondWith(new Response(null, { status: 204, headers: { 'content-type': 'application/octet-stream' } }));
});
`;
export const INSTALL_COOKIE = '__Host-Http-install=one; Path=/; Secure; HttpOnly; SameSite=Strict';
export const SECRET = 'the-secret-of-one-installation';

export const configOf = ({ issuer }: Pick<TestSite, 'issuer'>): object => ({
  api: [{ origin: 'self', path: '/api/' }],
  whoami: '/api/whoami',
  signIn: {
    oidc: { issuer, clientId: 'site', scope: 'openid', callback: '/callback', reuseGraceMs: 30_000 },
    password: { login: '/api/login', refresh: '/api/refresh', logout: '/api/logout', reuseGraceMs: 30_000 },
  },
  sockets: [
    { url: '/api/socket', codec: 'keeper.1', ticket: { url: '/api/ticket', method: 'POST', carry: 'protocol' } },
  ],
});

export const script = (site: TestSite, config: object = configOf(site), seal?: string): string => {
  const baked = seal === undefined ? { config } : { config, seal: { id: 'one', secret: seal } };
  return `self.__SESSION_KEEPER__ = ${JSON.stringify(baked)};\n${WORKER_CODE}`;
};

export const workerHeaders = ({ issuer }: TestSite, change: Record<string, string> = {}): Record<string, string> => ({
  'content-type': 'text/javascript; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; script-src 'self'; connect-src 'self' ${issuer}`,
  'x-content-type-options': 'nosniff',
  ...change,
});

export const isWorkerFetch = ({ headers }: Request): boolean =>
  headers['sec-fetch-dest'] === 'serviceworker' && headers['service-worker'] === 'script';

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Reply => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(body),
});

export const metadataOf = ({ issuer }: TestSite): Record<string, unknown> => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/revoke`,
  code_challenge_methods_supported: ['S256'],
  dpop_signing_alg_values_supported: ['ES256'],
  authorization_response_iss_parameter_supported: true,
});

const parsedBody = ({ body }: Request): { readonly [name: string]: unknown } => {
  const parsed: unknown = body === '' ? {} : JSON.parse(body);
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
};

/** One family of refresh tokens `r0`, `r1`, …: the newest and the one before it are valid. */
const tokens = (): Pick<Plan, 'login' | 'refresh' | 'logout' | 'whoami'> => {
  let newest: number | undefined;
  const answer = (number: number): Reply =>
    json({ access_token: `a${number}`, refresh_token: `r${number}`, token_type: 'Bearer', expires_in: 60 });
  return {
    login: (request) => {
      if (parsedBody(request)['password'] !== 'right') return json({ error: 'invalid_grant' }, 400);
      newest = 0;
      return answer(newest);
    },
    refresh: (request) => {
      const used = String(parsedBody(request)['refresh_token']);
      if (newest !== undefined && used === `r${newest}`) return answer((newest += 1));
      return newest !== undefined && used === `r${newest - 1}` ? answer(newest) : json({ error: 'invalid_grant' }, 400);
    },
    logout: () => {
      newest = undefined;
      return { status: 204 };
    },
    whoami: ({ headers }) =>
      headers.authorization?.startsWith('Bearer a')
        ? json({ sub: 'someone', name: 'Some One' })
        : json({ title: 'Unauthorized' }, 401, { 'www-authenticate': 'Bearer' }),
  };
};

export const goodPlan = (): Plan => ({
  ...tokens(),
  page: (_request, site) => html(site, { 'set-cookie': INSTALL_COOKIE }),
  missing: (_request, site) => ({ status: 404, headers: guarded(site), body: 'Not found' }),
  tooLong: (_request, site) => ({ status: 414, headers: guarded(site) }),
  tooLarge: (_request, site) => ({ status: 431, headers: guarded(site) }),
  callback: (_request, site) => html(site, { 'cache-control': 'no-store' }),
  worker: (request, site) => {
    const hasCookie = (request.headers.cookie ?? '').includes('__Host-Http-install');
    if (isWorkerFetch(request) && !hasCookie) return { status: 403 };
    const seal = isWorkerFetch(request) ? SECRET : undefined;
    return { headers: workerHeaders(site), body: script(site, configOf(site), seal) };
  },
  bind: (_request, site) => ({ status: 404, headers: guarded(site) }),
  lab: (_request, site) => ({ status: 404, headers: guarded(site) }),
  asset: () => ({
    headers: { 'content-type': 'text/javascript' },
    body: "navigator.serviceWorker.register('/sw.js');",
  }),
  pulse: () => ({ headers: { 'content-type': 'text/javascript' }, body: "fetch('__keeper/pulse')" }),
  ticket: () => json({ title: 'Unauthorized' }, 401),
  upgrade: ({ headers }, { origin }) => (headers.origin === origin ? { chooses: 'keeper.1' } : 403),
  metadata: (_request, site) => json(metadataOf(site), 200, { 'access-control-allow-origin': site.origin }),
  token: (_request, site) => ({
    status: 204,
    headers: {
      'access-control-allow-origin': site.origin,
      'access-control-allow-headers': 'DPoP, Content-Type',
      'access-control-allow-methods': 'POST',
    },
  }),
  authorize: ({ url }, { origin }) => {
    const target = url.searchParams.get('redirect_uri');
    if (target !== `${origin}/callback` || url.searchParams.get('client_id') !== 'site') return { status: 400 };
    return { status: 303, headers: { location: `${target}?error=login_required` } };
  },
});

const ROUTES: Readonly<Record<string, keyof Omit<Plan, 'upgrade'>>> = {
  '/': 'page',
  '/callback': 'callback',
  '/sw.js': 'worker',
  '/deep/sw.js': 'worker',
  '/app.js': 'asset',
  '/keeper-pulse.js': 'pulse',
  '/deep/keeper-pulse.js': 'pulse',
  '/keeper/part.js': 'asset',
  '/index.html': 'page',
  '/other.js': 'asset',
  '/api/whoami': 'whoami',
  '/api/ticket': 'ticket',
  '/api/login': 'login',
  '/api/refresh': 'refresh',
  '/api/logout': 'logout',
  '/bind': 'bind',
  '/lab/log': 'lab',
};
const PROVIDER_ROUTES: typeof ROUTES = {
  '/.well-known/openid-configuration': 'metadata',
  '/token': 'token',
  '/authorize': 'authorize',
};

const nameFor = ({ url, headers }: Request, routes: typeof ROUTES): keyof Omit<Plan, 'upgrade'> => {
  if (url.href.length > LONG) return 'tooLong';
  if ((headers.cookie ?? '').length > LONG) return 'tooLarge';
  return routes[url.pathname] ?? 'missing';
};

const read = async (incoming: IncomingMessage, origin: string): Promise<Request> => {
  incoming.setEncoding('utf8');
  let body = '';
  for await (const chunk of incoming) body += String(chunk);
  const { method = 'GET', headers, url = '/' } = incoming;
  return { method, headers, url: new URL(url, origin), body };
};

const serve = (plan: Plan, site: () => TestSite, routes: typeof ROUTES): Server => {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (incoming, outgoing) => {
    void read(incoming, site().origin).then((request) => {
      site().log.push(`${request.method} ${request.url.pathname}`);
      const reply = plan[nameFor(request, routes)](request, site());
      outgoing.writeHead(reply.status ?? 200, reply.headers).end(reply.body);
    });
  });
  server.on('upgrade', (incoming, socket) => {
    const { headers, url = '/' } = incoming;
    const request = { method: 'GET', headers, url: new URL(url, site().origin), body: '' };
    site().log.push(`upgrade ${request.url.pathname}${request.url.search}`);
    const outcome = plan.upgrade(request, site());
    if (typeof outcome === 'number') return void socket.end(`HTTP/1.1 ${outcome} Status\r\nConnection: close\r\n\r\n`);
    const chosen = outcome.chooses === '' ? '' : `Sec-WebSocket-Protocol: ${outcome.chooses}\r\n`;
    return void socket.end(`HTTP/1.1 101 Status\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${chosen}\r\n`);
  });
  return server;
};

const listen = (server: Server): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(`http://localhost:${(server.address() as AddressInfo).port}`));
  });

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** Starts a correct deployment, except for the handlers in `spoilt`. */
export const startSite = async (spoilt: Partial<Plan> = {}): Promise<TestSite> => {
  const plan = { ...goodPlan(), ...spoilt };
  const late: { site?: TestSite } = {};
  const current = (): TestSite =>
    late.site ?? { origin: 'http://localhost', issuer: 'http://localhost', log: [], stop: async () => {} };
  const servers = [serve(plan, current, ROUTES), serve(plan, current, PROVIDER_ROUTES)];
  const [origin = '', issuer = ''] = await Promise.all(servers.map(listen));
  late.site = { origin, issuer, log: [], stop: async () => void (await Promise.all(servers.map(close))) };
  return late.site;
};
