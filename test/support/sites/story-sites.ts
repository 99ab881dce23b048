import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocketServer } from 'ws';

/**
 * Small sites with the two original bugs, as their users met them. Neither has any code of Session Keeper. The account is
 * `me` / `secret`.
 */
export type StorySite = { readonly origin: string; stop(): Promise<void> };

type Route = (incoming: IncomingMessage, outgoing: ServerResponse) => void | Promise<void>;

const page = (title: string, body: string, script: string): string =>
  `<!doctype html><html lang="en"><title>${title}</title><body>${body}<script type="module">${script}</script></body></html>`;

const FORM =
  '<h1>Log in</h1><form><label>User <input name="user"></label><label>Password <input name="password" type="password"></label><button>Log in</button></form>';

const html = (outgoing: ServerResponse, content: string): void =>
  void outgoing
    .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
    .end(content);
const json = (outgoing: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void =>
  void outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

const serve = async (routes: Readonly<Record<string, Route>>): Promise<Server> => {
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url?.split('?')[0] ?? '/';
    const route = routes[`${incoming.method} ${path}`];
    if (route) void route(incoming, outgoing);
    else json(outgoing, 404, {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

const originOf = (server: Server): string => {
  const address = server.address();
  return `http://localhost:${typeof address === 'object' && address ? address.port : 0}`;
};

const stopServer = async (server: Server): Promise<void> => {
  const closed = once(server, 'close');
  server.closeAllConnections();
  server.close();
  await closed;
};

const isAccount = async (incoming: IncomingMessage): Promise<boolean> => {
  const form = new URLSearchParams(await text(incoming));
  return form.get('user') === 'me' && form.get('password') === 'secret';
};

/**
 * Reload loses the session. The desktop app saves its refresh token by a native command that no one registered. The call
 * returns `undefined`, the code takes "did not throw" for "saved", and skips the durable copy.
 */
export const startDesktopStory = async (): Promise<StorySite> => {
  const access = new Set<string>();
  const refresh = new Set<string>();
  const issue = (outgoing: ServerResponse): void => {
    const tokens = { access_token: randomUUID(), refresh_token: randomUUID(), expires_in: 300 };
    access.add(tokens.access_token);
    refresh.add(tokens.refresh_token);
    json(outgoing, 200, tokens);
  };
  const script = `
    const native = { invoke: async () => undefined };
    let access;
    const save = async (token) => {
      try { await native.invoke('save_token', { token }); } catch { localStorage.setItem('refresh_token', token); }
    };
    const load = async () => (await native.invoke('load_token')) ?? localStorage.getItem('refresh_token');
    const post = async (path, body) => (await fetch(path, { method: 'POST', body: new URLSearchParams(body) }));
    const start = async (tokens) => {
      access = tokens.access_token;
      await save(tokens.refresh_token);
      const who = await (await fetch('/api/whoami', { headers: { authorization: 'Bearer ' + access } })).json();
      history.replaceState(null, '', '/');
      document.body.innerHTML = '<h1>Welcome, ' + who.name + '</h1>';
    };
    const token = await load();
    if (token) {
      const answer = await post('/auth/refresh', { refresh_token: token });
      if (answer.ok) await start(await answer.json());
    }
    if (!access) {
      history.replaceState(null, '', '/login');
      document.querySelector('form').hidden = false;
      document.querySelector('form').addEventListener('submit', async (event) => {
        event.preventDefault();
        const answer = await post('/auth/login', new FormData(event.target));
        if (answer.ok) await start(await answer.json());
      });
    }`;
  const app: Route = (_, outgoing) => html(outgoing, page('Desktop', FORM.replace('<form>', '<form hidden>'), script));
  const server = await serve({
    'GET /': app,
    'GET /login': app,
    'POST /auth/login': async (incoming, outgoing) =>
      (await isAccount(incoming)) ? issue(outgoing) : json(outgoing, 401, {}),
    'POST /auth/refresh': async (incoming, outgoing) => {
      const token = new URLSearchParams(await text(incoming)).get('refresh_token') ?? '';
      if (refresh.delete(token)) issue(outgoing);
      else json(outgoing, 400, { error: 'invalid_grant' });
    },
    'GET /api/whoami': (incoming, outgoing) => {
      const token = incoming.headers.authorization?.replace('Bearer ', '') ?? '';
      json(outgoing, access.has(token) ? 200 : 401, access.has(token) ? { name: 'me' } : {});
    },
  });
  return { origin: originOf(server), stop: () => stopServer(server) };
};

const TICKET_MS = 5 * 60_000;
const RECONNECT_MS = 500;

/**
 * Idle loses the connection. The page fetches a single-use ticket of 5 minutes once, has no heartbeat, and connects again
 * with the same ticket. One refusal, and it sends the user to the login page.
 */
export const startIdleStory = async (): Promise<StorySite> => {
  const sessions = new Set<string>();
  const tickets = new Map<string, number>();
  const sessionOf = (incoming: IncomingMessage): string =>
    /(?:^|; )sid=([^;]+)/.exec(incoming.headers.cookie ?? '')?.[1] ?? '';
  const isIn = (incoming: IncomingMessage): boolean => sessions.has(sessionOf(incoming));
  const script = `
    const signedOut = async () => { await fetch('/auth/logout', { method: 'POST' }); location.href = '/login'; };
    const answer = await fetch('/api/auth/token');
    if (!answer.ok) await signedOut();
    const { token } = await answer.json();
    const connect = () => {
      let opened = false;
      const socket = new WebSocket(location.origin.replace('http', 'ws') + '/api/events?token=' + token);
      socket.onopen = () => { opened = true; document.querySelector('p').textContent = 'connected'; };
      socket.onclose = () => opened ? setTimeout(connect, ${RECONNECT_MS}) : signedOut();
    };
    connect();`;
  const server = await serve({
    'GET /': (incoming, outgoing) => {
      if (isIn(incoming)) html(outgoing, page('Web', '<h1>Welcome, me</h1><p>connecting</p>', script));
      else outgoing.writeHead(302, { location: '/login' }).end();
    },
    'GET /login': (_, outgoing) =>
      html(outgoing, page('Web', FORM.replace('<form>', '<form method="post" action="/auth/login">'), '')),
    'POST /auth/login': async (incoming, outgoing) => {
      const isRight = await isAccount(incoming);
      const id = randomUUID();
      if (isRight) sessions.add(id);
      const cookie = isRight ? { 'set-cookie': `sid=${id}; HttpOnly; Path=/` } : {};
      outgoing.writeHead(303, { location: isRight ? '/' : '/login', ...cookie }).end();
    },
    'POST /auth/logout': (incoming, outgoing) => {
      sessions.delete(sessionOf(incoming));
      json(outgoing, 200, {});
    },
    'GET /api/me': (incoming, outgoing) => json(outgoing, isIn(incoming) ? 200 : 401, { name: 'me' }),
    'GET /api/auth/token': (incoming, outgoing) => {
      if (!isIn(incoming)) return json(outgoing, 401, {});
      const token = randomUUID();
      tickets.set(token, Date.now() + TICKET_MS);
      json(outgoing, 200, { token });
    },
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (incoming: IncomingMessage, socket, head) => {
    const token = new URL(incoming.url ?? '/', 'http://site').searchParams.get('token') ?? '';
    const until = tickets.get(token) ?? 0;
    tickets.delete(token);
    if (until < Date.now()) return void socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n');
    sockets.handleUpgrade(incoming, socket, head, (opened) => opened.send('{"type":"hello"}'));
  });
  return {
    origin: originOf(server),
    stop: async () => {
      for (const socket of sockets.clients) socket.terminate();
      await stopServer(server);
    },
  };
};
