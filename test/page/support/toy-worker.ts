/*
 * A worker that implements only the bridge. It tests how the page reacts to starts, deaths and updates of workers.
 * It sends a note of each message to the server, which outlives it.
 */
import { expose, type Endpoint } from 'comlink';
import { KEEP_ALIVE_PATH, KEEP_ALIVE_TYPE, MARK, PULSE_PATH } from '../../../src/protocol/bridge/bridge-constants.ts';
import { parsePageMessage, type TabIntro } from '../../../src/protocol/bridge/bridge.ts';
import type { TabMessage } from '../../../src/protocol/bridge/tab-messages.ts';
import { parseTabMessage } from '../../../src/protocol/bridge/tab-messages.ts';
import type { PortFrame, PortMessage } from '../../../src/protocol/bridge/port-frames.ts';
import type { Publication } from '../../../src/protocol/bridge/calls.ts';
import { ok } from '../../../src/protocol/problem.ts';
import { PROTOCOL } from '../../../src/protocol/version.ts';
import { startingSnapshot } from '../../../src/page/connection/snapshot-store.ts';

type Lifetime = Event & { waitUntil(work: Promise<unknown>): void };
type Received = Lifetime & {
  data: unknown;
  source: { postMessage(message: unknown): void };
  ports: readonly MessagePort[];
};
type Fetched = Lifetime & { request: Request; respondWith(response: Response | Promise<Response>): void };

/** The used part of the worker scope. TypeScript cannot load the libraries for workers and for pages together. */
type Scope = {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  registration: ServiceWorkerRegistration;
  addEventListener(type: 'install' | 'activate', listener: (event: Lifetime) => void): void;
  addEventListener(type: 'message', listener: (event: Received) => void): void;
  addEventListener(type: 'fetch', listener: (event: Fetched) => void): void;
  /** The server adds this before the script. */
  TOY: { build: string; claims: boolean; takesOver: boolean };
};
const scope = self as unknown as Scope;
const { build, claims, takesOver } = scope.TOY;

const life = `toy-life:${crypto.randomUUID()}`;
const alive = new Promise<void>((resolve) => {
  void navigator.locks.request(life, () => {
    resolve();
    return new Promise(() => {});
  });
});
/** One after the other, so that the notes arrive in order. */
let noting: Promise<void> = Promise.resolve();
const note = (what: string): Promise<void> =>
  (noting = noting.then(() =>
    fetch('/log', { method: 'POST', body: JSON.stringify({ life, what }) }).then(
      () => {},
      () => {},
    ),
  ));
const snapshot = () => ({
  ...startingSnapshot('service-worker', true),
  build,
  worker: { id: life, startedAt: 1, host: 'service-worker' as const },
});

let ports: MessagePort[] = [];
const post = (...frames: PortFrame[]) => {
  for (const port of ports) port.postMessage(frames);
};
const never = new Promise<never>(() => {});

const api = {
  snapshot: () => ok(snapshot()),
  nudge: (cause: string) => note(`nudge ${cause}`).then(() => ok(null)),
  // The first call never answers, so the worker is busy when it dies.
  journal: async () =>
    (await (await fetch('/first')).text()) === 'first' ? note('journal').then(() => never) : ok([]),
  publish: async (messages: Publication | readonly Publication[]) => {
    for (const { id, topic, data } of [messages].flat()) {
      const { offset } = (await (await fetch('/next', { method: 'POST', body: id })).json()) as { offset: number };
      await joining;
      post({ type: 'event', topic, epoch: 'e', offset, data, bytes: 1 }, { type: 'acked', id, offset });
    }
    return ok(null);
  },
};

const attach = async (intro: TabIntro, port: MessagePort) => {
  await alive;
  await note(`attach ${intro.arrival} ${intro.visible} ${JSON.stringify(intro.topics)}`);
  ports = [port];
  port.onmessage = ({ data }: MessageEvent<unknown>) => onTab(data);
  post({ type: 'welcome', protocol: PROTOCOL, life, snapshot: snapshot() });
  for (const [topic, cursor] of intro.topics) join(topic, cursor?.offset);
};

/** Like the real worker, this one sends no event before it has sent the tab's position. */
let joining: Promise<unknown> = Promise.resolve();
const join = (topic: string, from: number | undefined): void => {
  joining = joining.then(() => postPosition(topic, from));
};

const postPosition = async (topic: string, from: number | undefined) => {
  const head = Number(await (await fetch('/head')).text());
  const offset = from ?? head;
  post({ type: 'joined', topic, at: { epoch: 'e', offset } });
  for (let next = offset + 1; next <= head; next += 1)
    post({ type: 'event', topic, epoch: 'e', offset: next, data: 'history', bytes: 1 });
};

/** A frame that the worker neither acknowledges nor answers. */
const KEPT = 'kept';

const wordsFor = (message: TabMessage): string => {
  if (message.type === 'socket-open') return `${message.type} ${JSON.stringify(message.again)}`;
  if (message.type !== 'socket-send') return message.type;
  return message.data === KEPT ? KEPT : `${message.type} ${typeof message.data}`;
};

const onTab = (value: unknown): void => {
  const message = parseTabMessage(value);
  if (!message) return;
  void note(wordsFor(message));
  switch (message.type) {
    case 'join':
      return join(message.topic, message.cursor?.offset);
    case 'socket-open':
      if (message.url === '/refuse')
        return post({ type: 'socket-closed', socket: message.socket, code: 1006, reason: '', wasClean: false });
      return post({ type: 'socket-opened', socket: message.socket, protocol: message.protocols[0] ?? '' });
    case 'socket-send':
      if (message.data === KEPT) return post({ type: 'socket-memo', socket: message.socket, memo: 'a memo' });
      for (const port of ports) port.postMessage([message.socket, message.data] satisfies PortMessage);
      return post({ type: 'socket-taken', socket: message.socket, count: 1 });
    case 'socket-close':
      return post({
        type: 'socket-closed',
        socket: message.socket,
        code: message.code ?? 1005,
        reason: message.reason,
        wasClean: true,
      });
    default:
  }
};

const answer = (message: unknown, source: Received['source']) =>
  new Promise<void>((resolve) => {
    const calls = new EventTarget();
    const endpoint: Endpoint = {
      postMessage: (answered: unknown) => {
        source.postMessage({ mark: MARK, type: 'answer', message: answered });
        resolve();
      },
      addEventListener: calls.addEventListener.bind(calls),
      removeEventListener: calls.removeEventListener.bind(calls),
    };
    expose(api, endpoint);
    calls.dispatchEvent(new MessageEvent('message', { data: message }));
  });

scope.addEventListener('install', (event) => {
  const { installing, active } = scope.registration;
  if (!takesOver) return;
  event.waitUntil(scope.skipWaiting());
  installing?.addEventListener('statechange', () => {
    if (installing.state === 'installed') active?.postMessage({ mark: MARK, type: 'taking-over', ms: 9_000 });
  });
});
scope.addEventListener('activate', (event) => claims && event.waitUntil(scope.clients.claim()));
scope.addEventListener('message', (event) => {
  const message = parsePageMessage(event.data);
  const [port] = event.ports;
  if (message?.type === 'claim') event.waitUntil(scope.clients.claim());
  if (message?.type === 'taking-over') post({ type: 'hand-over' });
  if (message?.type === 'call') event.waitUntil(answer(message.message, event.source));
  if (message?.type === 'attach' && port) event.waitUntil(attach(message.intro, port));
});
scope.addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url);
  const headers = { 'content-type': KEEP_ALIVE_TYPE };
  if (pathname === `/${PULSE_PATH}`) event.respondWith(new Response(null, { status: 204, headers }));
  if (pathname === `/${KEEP_ALIVE_PATH}`) {
    void note('keep-alive');
    event.respondWith(new Response(new ReadableStream({ cancel: () => note('keep-alive ended') }), { headers }));
  }
  if (pathname.startsWith('/api/')) {
    const authorized = new Headers(event.request.headers);
    authorized.set('authorization', 'Bearer toy');
    event.respondWith(fetch(new Request(event.request, { headers: authorized })));
  }
});
