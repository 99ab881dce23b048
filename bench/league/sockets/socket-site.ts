import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { SignInModule } from '../../../lab/site/sign-in-module.ts';
import { isObject, stringAt } from '../../../src/protocol/schema/json.ts';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import { bundleApp } from '../base/bundle.ts';
import { createPublisher } from './publisher.ts';
import { centrifugeServer, keeperServer, rawServer, socketIoServer, type StreamServer } from './stream-servers.ts';
import type { Tally } from './tally.ts';

/** The entries, each with its server. `wrapper`: `reconnecting-websocket` with a heartbeat by hand. */
export const SOCKET_SERVERS: Readonly<Record<string, () => StreamServer>> = {
  'session-keeper': keeperServer,
  'reconnecting-websocket': rawServer,
  partysocket: rawServer,
  wrapper: rawServer,
  'socket.io-client': socketIoServer,
  centrifuge: centrifugeServer,
};

const [USER, PASSWORD] = ['demo', 'demo'];
const COOKIE = 'session';
const LOCAL = '127.0.0.1';
const FORM_WITHIN_MS = 30_000;

const DOCUMENT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Socket league</title><link rel="icon" href="data:,">
<main><h1>Starting</h1>
<form hidden><label>User name <input></label> <label>Password <input type="password"></label> <button>Sign in</button></form></main>
<script type="module" src="/app.js"></script></html>`;

/** Sessions by cookie, which live as long as the server. */
const createSessions = () => {
  const ids = new Set<string>();
  const isSignedIn = ({ headers: { cookie = '' } }: IncomingMessage): boolean =>
    cookie.split('; ').some((pair) => pair.startsWith(`${COOKIE}=`) && ids.has(pair.slice(COOKIE.length + 1)));
  return {
    isSignedIn,
    begin: (response: ServerResponse): void => {
      const id = randomUUID();
      ids.add(id);
      response.setHeader('set-cookie', `${COOKIE}=${id}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax`);
    },
  };
};

type Answer = { status?: number; type?: string; body: string };

const listenerOf = (stream: StreamServer, script: string) => {
  const sessions = createSessions();
  const status = (isSignedIn: boolean): string =>
    JSON.stringify(isSignedIn ? { authenticated: true, user: { sub: USER, name: USER } } : { authenticated: false });
  const login = async (request: IncomingMessage, response: ServerResponse): Promise<Answer> => {
    const given: unknown = await json(request);
    const isRight = isObject(given) && stringAt(given, 'username') === USER && stringAt(given, 'password') === PASSWORD;
    if (isRight) sessions.begin(response);
    return { status: isRight ? 200 : 401, body: status(isRight) };
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<Answer> => {
    const isSignedIn = sessions.isSignedIn(request);
    switch (request.url?.split('?')[0]) {
      case '/app.js':
        return { type: 'text/javascript', body: script };
      case '/api/login':
        return login(request, response);
      case '/api/status':
        return { body: status(isSignedIn) };
      // The lab's proof: only this one answers 401.
      case '/api/account':
        return { status: isSignedIn ? 200 : 401, body: JSON.stringify({ sub: isSignedIn ? USER : null }) };
      case '/':
        return { type: 'text/html', body: DOCUMENT };
      default:
        return { status: 404, body: '{}' };
    }
  };
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (await stream.handle?.(request, response, sessions.isSignedIn(request))) return;
    const { status: code = 200, type = 'application/json', body } = await answer(request, response);
    response.writeHead(code, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-cache' }).end(body);
  };
  const listener: RequestListener = (request, response) =>
    void respond(request, response).catch(() => response.destroy());
  return { listener, isSignedIn: sessions.isSignedIn };
};

export type SocketSite = {
  readonly url: string;
  readonly site: SignInModule;
  /** What happened to the messages of the scenario that ended last. */
  tally(): Tally;
  stop(): Promise<void>;
};

const siteWith = (hooks: SignInModule['hooks']): SignInModule => ({
  signIn: async (page) => {
    await page.getByLabel('User name').fill(USER, { timeout: FORM_WITHIN_MS });
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor({ timeout: FORM_WITHIN_MS });
  },
  isSignedIn: (page) => page.getByRole('heading', { name: 'You are signed in' }).isVisible(),
  proof: '/api/account',
  userField: 'sub',
  hooks,
});

/** Serves the app of an entry with the server of its library, on one origin. Sign-in, session and pages are the same for all. */
export const startSocketSite = async (name: string): Promise<SocketSite> => {
  const script = await bundleApp(fileURLToPath(new URL(`./${name}.ts`, import.meta.url)));
  const stream = SOCKET_SERVERS[name]?.();
  if (!stream) throw new Error(`There is no entry ${name}.`);
  const { listener, isSignedIn } = listenerOf(stream, script);
  const server = createServer(listener);
  stream.attach(server, isSignedIn);
  const port = await withFreePortPair(
    (free) =>
      new Promise<number>((resolve, reject) => {
        server.once('error', reject);
        server.listen(free, LOCAL, () => resolve(free));
      }),
  );
  const publisher = createPublisher((number) => stream.publish(number));
  return {
    url: `http://localhost:${port}/`,
    site: siteWith(publisher.hooks),
    tally: publisher.tally,
    stop: async () => {
      publisher.stop();
      await stream.close();
      server.closeAllConnections();
      server.close();
    },
  };
};
