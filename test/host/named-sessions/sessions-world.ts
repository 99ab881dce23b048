import type {
  NamedSessions,
  sessionOfRequest,
  stepNamedSessions,
} from '../../../src/core/named-sessions/named-sessions.ts';
import {
  createNamedSessionsHost,
  type NamedSessionsHost,
  type SessionUnit,
} from '../../../src/host/named-sessions/named-sessions-host.ts';
import type { StoredSessions } from '../../../src/host/named-sessions/sessions-registry.ts';
import type { RequestMatch } from '../../../src/host/session/request-matcher.ts';
import type { KeeperApi, TabIntro } from '../../../src/protocol/bridge/bridge.ts';
import { SESSION_HEADER } from '../../../src/protocol/bridge/bridge-constants.ts';
import { ok } from '../../../src/protocol/problem.ts';
import { PROTOCOL } from '../../../src/protocol/version.ts';
import { startingSnapshot } from '../../../src/page/connection/snapshot-store.ts';

/*
 * One browser with one worker, some tabs and some sessions. The real host of several sessions runs over simulated hosts of
 * one session each. All that takes time is a task, and a history decides which task comes next.
 */

export const SESSIONS = ['', 'work', 'home'] as const;
export type Rules = { step: typeof stepNamedSessions; sessionOf: typeof sessionOfRequest };

type Message = { type: 'welcome' | 'switched' | 'event'; session: string };
type Port = { postMessage(message: Message): void };
/** Tasks of one `line` keep their order: what a page receives, and what it posts. */
type Task = { run(): unknown; needs: Worker | undefined; line?: string | undefined };

export type Page = {
  readonly tab: string;
  readonly client: string;
  readonly pinned: string | undefined;
  /** The session that it shows. `undefined`: none yet. */
  shows: string | undefined;
  port: Port | undefined;
  alive: boolean;
};

type Worker = { host: NamedSessionsHost; alive: boolean; tabs: Map<string, Map<string, Port>> };

const API = 'https://app.example/api/items';

export class SessionsWorld {
  readonly violations: string[] = [];
  readonly pages: Page[] = [];
  /** Whether each session has its user. It is on the disk. */
  readonly signedIn = new Map<string, boolean>(SESSIONS.map((name) => [name, true]));
  answered = 0;
  #disk: StoredSessions = { shown: '', names: [], clients: {} };
  readonly #tasks: Task[] = [];
  readonly #rules: Rules | undefined;
  #worker: Worker;
  #ids = 0;

  constructor(rules?: Rules) {
    this.#rules = rules;
    this.#worker = this.#start();
  }

  // ---- the worker

  #start(): Worker {
    const worker: Worker = { host: undefined as never, alive: true, tabs: new Map() };
    const later = <T>(value: () => T): Promise<T> =>
      new Promise((resolve) => this.#tasks.push({ needs: worker, run: () => resolve(value()) }));
    worker.host = createNamedSessionsHost({
      registry: {
        read: () => later(() => this.#disk),
        write: ({ shown, names, clients }: NamedSessions, isChoice) =>
          later(() => {
            const former = this.#disk;
            this.#disk = { shown: isChoice ? shown : former.shown, names, clients };
            return this.#disk.shown !== shown;
          }),
        onChange: () => undefined,
      },
      create: (name) => this.#unit(worker, name),
      pageOf: async () => undefined,
      livingClients: async () => this.pages.filter(({ alive }) => alive).map(({ client }) => client),
      rules: this.#rules,
    });
    worker.host.start();
    return worker;
  }

  #unit(worker: Worker, name: string): SessionUnit {
    const tabs = new Map<string, Port>();
    const lock = Promise.resolve();
    worker.tabs.set(name, tabs);
    const snapshot = () => ({
      ...startingSnapshot('service-worker', true),
      session: this.signedIn.get(name)
        ? ({ state: 'active', kind: 'oidc', user: { sub: name } } as const)
        : ({ state: 'signed-out', reason: 'user' } as const),
    });
    const api: Partial<KeeperApi> = {
      snapshot: async () => ok(snapshot()),
      signOut: async () => {
        this.signedIn.set(name, false);
        return ok(null);
      },
    };
    const host: Partial<SessionUnit['host']> = {
      start: () => undefined,
      // The real host waits for its liveness lock.
      attach(intro, port) {
        void lock.then(() => {
          const fake = port as unknown as Port;
          tabs.set(intro.tab, fake);
          fake.postMessage({ type: 'welcome', session: name });
        });
      },
      leave: (tab) => void lock.then(() => tabs.delete(tab)),
      switchTab: (tab) => void lock.then(() => tabs.get(tab)?.postMessage({ type: 'switched', session: name })),
      pending: () => undefined,
    };
    const fetch = (request: Request): Promise<Response> => {
      if (request.headers.has(SESSION_HEADER)) this.violations.push('the header left the browser');
      if (request.cache !== 'no-store') this.violations.push('the HTTP cache may answer another user');
      const user = this.signedIn.get(name) ? name : 'no one';
      return new Promise((resolve, reject) => {
        request.signal.addEventListener('abort', () => reject(new TypeError('aborted')));
        const answer = (): void => resolve(new Response(null, { headers: { user, name } }));
        this.#after(SERVER_TASKS, worker, answer);
      });
    };
    return { host: host as SessionUnit['host'], requests: { fetch }, api: api as KeeperApi };
  }

  /** The browser stops the worker. The next event starts another one, and the pages attach again. */
  kill(): void {
    this.#worker.alive = false;
    this.#worker = this.#start();
    for (const page of this.pages) if (page.alive) this.#soon(page, () => this.#attach(page));
  }

  /** A server is slower than a message between a page and its worker. */
  #after(tasks: number, worker: Worker, run: () => void): void {
    this.#tasks.push({ needs: worker, run: tasks === 0 ? run : () => this.#after(tasks - 1, worker, run) });
  }

  // ---- the pages

  open(pinned: string | undefined): Page {
    const id = (this.#ids += 1);
    const page: Page = { tab: `t${id}`, client: `c${id}`, pinned, shows: undefined, port: undefined, alive: true };
    this.pages.push(page);
    this.#attach(page);
    return page;
  }

  close(page: Page): void {
    page.alive = false;
    page.port = undefined;
    this.#toWorker(page, (worker) => worker.host.leave(page.tab));
  }

  /** The page gets messages and answers in their order. */
  #soon(page: Page, run: () => void): void {
    this.#tasks.push({ needs: undefined, line: `to ${page.tab}`, run: () => (page.alive ? run() : undefined) });
  }

  /** Requests come on another way than messages, so they keep no order. */
  #toWorker(page: Page | undefined, run: (worker: Worker) => unknown): void {
    const worker = this.#worker;
    this.#tasks.push({ needs: worker, line: page && `from ${page.tab}`, run: () => run(worker) });
  }

  #attach(page: Page): void {
    const port: Port = { postMessage: (message) => this.#soon(page, () => this.#receive(page, port, message)) };
    page.port = port;
    const intro: TabIntro = {
      ...{ protocol: PROTOCOL, tab: page.tab, arrival: 'navigate', visible: true, topics: [] },
      ...{ session: page.pinned ?? page.shows, follows: page.pinned === undefined },
    };
    this.#toWorker(page, (worker) => worker.host.attach(intro, port as unknown as MessagePort, page.client));
  }

  #receive(page: Page, port: Port, { type, session }: Message): void {
    if (page.port !== port) return;
    if (type === 'welcome') page.shows = session;
    else if (type === 'switched') {
      if (page.pinned !== undefined) this.violations.push('a tab with a session of its own was switched');
      page.shows = undefined;
      this.#attach(page);
    } else if (page.shows !== session) this.violations.push(`a frame of "${session}" reached a tab of "${page.shows}"`);
  }

  /** `header`, `rule`: what says whose the request is. Otherwise it is that of the session which the page shows. */
  request(page: Page, { header, rule }: { header?: string | undefined; rule?: string | undefined } = {}): void {
    const { shows } = page;
    const named = rule ?? header;
    const wanted = named ?? shows;
    const request = new Request(API, header === undefined ? {} : { headers: { [SESSION_HEADER]: header } });
    const match: RequestMatch = {
      ...{
        url: new URL(API),
        rule: undefined,
        handling: 'authorize',
        followsRedirects: false,
        resource: undefined,
        session: rule,
      },
    };
    this.#toWorker(undefined, ({ host }) =>
      host.fetch(request, match, page.client).then(
        (response) => this.#soon(page, () => this.#answer(page, response, { wanted, isOfTab: named === undefined })),
        () => undefined,
      ),
    );
  }

  #answer(
    page: Page,
    { headers }: Response,
    { wanted, isOfTab }: { wanted: string | undefined; isOfTab: boolean },
  ): void {
    const name = headers.get('name');
    if (name === null) return;
    this.answered += 1;
    if (wanted !== undefined && name !== wanted) this.violations.push(`"${wanted}" got the answer of "${name}"`);
    const isShown = page.shows === undefined || page.shows === name;
    if (isOfTab && wanted !== undefined && !isShown)
      this.violations.push(`a tab of "${page.shows}" got a late answer of "${name}"`);
  }

  show(page: Page, session: string): void {
    this.#toWorker(page, async ({ host }) => (await host.apiFor(page.shows, page.client)).showSession(session));
  }

  signOut(page: Page, which: 'all' | undefined): void {
    const { shows } = page;
    if (shows === undefined) return;
    this.#toWorker(page, async ({ host }) => {
      const before = new Map(this.signedIn);
      await (await host.apiFor(shows, page.client)).signOut(which);
      for (const [name, was] of before)
        if (which === undefined && name !== shows && this.signedIn.get(name) !== was)
          this.violations.push(`the sign-out of "${shows}" ended "${name}"`);
      if (this.signedIn.get(shows)) this.violations.push(`"${shows}" is still signed in`);
    });
  }

  /** The server sends a frame to each session. */
  event(): void {
    for (const [session, tabs] of this.#worker.tabs)
      for (const port of tabs.values()) port.postMessage({ type: 'event', session });
  }

  // ---- time

  /** Runs one task. `which` in [0, 1) chooses it. What one page receives keeps its order. */
  async run(which: number): Promise<boolean> {
    const at = Math.floor(which * this.#tasks.length);
    const chosen = this.#tasks[at];
    const first = chosen?.line ? this.#tasks.findIndex(({ line }) => line === chosen.line) : at;
    const [task] = this.#tasks.splice(first, 1);
    if (!task) return false;
    if (!task.needs || task.needs.alive) task.run();
    // What the task resolves runs on, up to the next task.
    for (let turn = 0; turn < TURNS; turn += 1) await Promise.resolve();
    return true;
  }

  async settle(): Promise<void> {
    for (let tasks = 0; tasks < MOST_TASKS && (await this.run(0)); tasks += 1);
  }

  /** What holds when nothing is under way any more. */
  check(): void {
    const living = this.pages.filter(({ alive }) => alive);
    for (const { pinned, shows, tab } of living)
      if (shows !== (pinned ?? this.#disk.shown)) this.violations.push(`${tab} shows "${shows}" at the end`);
    for (const [session, tabs] of this.#worker.tabs) {
      const expected = living.filter(({ shows }) => shows === session).map(({ tab }) => tab);
      if ([...tabs.keys()].toSorted().join() !== expected.toSorted().join())
        this.violations.push(`the upstream of "${session}" serves ${[...tabs.keys()].join()}`);
    }
  }

  /** One host for each session, so one upstream: the hosts share nothing. */
  get upstreams(): readonly string[] {
    return [...this.#worker.tabs].filter(([, tabs]) => tabs.size > 0).map(([session]) => session);
  }
}

const SERVER_TASKS = 4;
const TURNS = 25;
const MOST_TASKS = 2_000;
