import {
  NO_SESSIONS,
  sessionOfRequest,
  stepNamedSessions,
  type NamedSessions,
  type NamedSessionsEffect,
  type NamedSessionsEvent,
} from '../../core/named-sessions/named-sessions.ts';
import { SESSION_HEADER } from '../../protocol/bridge/bridge-constants.ts';
import type { KeeperApi } from '../../protocol/bridge/bridge.ts';
import type { NamedSession, SignOutScope } from '../../protocol/bridge/calls.ts';
import { failed, ok, type Result } from '../../protocol/problem.ts';
import { SESSION_NAME } from '../../protocol/bridge/session-name.ts';
import { changedRequest } from '../runtime/changed-request.ts';
import { eitherSignal } from '../runtime/either-signal.ts';
import { sendDirectly } from '../runtime/send-directly.ts';
import type { Host } from '../services/host-types.ts';
import type { RequestMatch } from '../session/request-matcher.ts';
import type { Requests } from '../session/requests.ts';
import { storeProblem } from '../storage/store-problem.ts';
import type { SessionsRegistry } from './sessions-registry.ts';

/** One session: its host, and what pages reach of it. */
export type SessionUnit = {
  host: Omit<Host, 'apiOptions'>;
  requests: Pick<Requests, 'fetch'>;
  api: KeeperApi;
};

export type NamedSessionsOptions = {
  registry: SessionsRegistry;
  /** Makes the host of this session. Called once for each name. */
  create(name: string): SessionUnit;
  /** The session of the path of this document (`sessions.pages`). */
  pageOf(client: string): Promise<string | undefined>;
  livingClients(): Promise<readonly string[]>;
  /** Replaced by tests only. */
  rules?: { step: typeof stepNamedSessions; sessionOf: typeof sessionOfRequest } | undefined;
};

/** The sessions of an origin, as one host. Each has its own database, lock, machine, sockets, outbox and journal. */
export type NamedSessionsHost = Omit<Host, 'apiOptions' | 'owns' | 'switchTab'> & {
  /** Sends the request of this document for the session that it belongs to. */
  fetch(request: Request, match: RequestMatch, client: string): Promise<Response>;
  /** Sends a request that needs no authorization, without the header that only the worker understands. */
  sendBare(request: Request): Promise<Response>;
  /** What a page may call. `session`: the one that the page shows. */
  apiFor(session: string | undefined, client: string): Promise<KeeperApi>;
};

const withoutHeader = (request: Request): Headers => {
  const headers = new Headers(request.headers);
  headers.delete(SESSION_HEADER);
  return headers;
};

/** The sign-out of one session must not fail because of another one. */
const firstProblem = <T>(results: readonly Result<T>[]): Result<T> | undefined => results.find(({ ok: done }) => !done);

export const createNamedSessionsHost = (options: NamedSessionsOptions): NamedSessionsHost => {
  const { registry, create, pageOf, livingClients } = options;
  const { step, sessionOf } = options.rules ?? { step: stepNamedSessions, sessionOf: sessionOfRequest };
  let state: NamedSessions = NO_SESSIONS;
  const units = new Map<string, SessionUnit>();
  /** One for each document: it ends the requests of the session that the document leaves. */
  const scopes = new Map<string, AbortController>();
  let saving: Promise<unknown> = Promise.resolve();

  const unitOf = (name: string): SessionUnit => {
    const known = units.get(name);
    if (known) return known;
    const unit = create(name);
    units.set(name, unit);
    unit.host.start();
    return unit;
  };
  const all = (): readonly SessionUnit[] => [...units.values()];

  const scopeOf = (client: string): AbortController => {
    const known = scopes.get(client) ?? new AbortController();
    scopes.set(client, known);
    return known;
  };

  const perform = (effect: NamedSessionsEffect): void => {
    switch (effect.type) {
      case 'save': {
        const saved = state;
        // Without the disk the sessions go on. A restarted worker then knows no document until it attaches again.
        saving = saving
          .then(() => registry.write(saved, effect.shown))
          .then(
            (isNews) => (isNews ? void read() : undefined),
            () => undefined,
          );
        return;
      }
      case 'leave':
        return units.get(effect.session)?.host.leave(effect.tab);
      case 'abort':
        scopes.get(effect.client)?.abort(new TypeError('session-switched'));
        scopes.delete(effect.client);
        return;
      case 'switch':
        return units.get(effect.session)?.host.switchTab(effect.tab);
    }
  };

  const dispatch = (event: NamedSessionsEvent): void => {
    const next = step(state, event);
    state = next.state;
    for (const effect of next.effects) perform(effect);
  };

  const read = async (): Promise<void> => {
    await saving;
    const before = state;
    const stored = await registry.read().catch(() => undefined);
    if (!stored) return undefined;
    // The disk does not have yet what has changed meanwhile.
    return state === before ? dispatch({ type: 'read', ...stored }) : read();
  };
  let ready: Promise<void> | undefined;
  const started = (): Promise<void> => {
    ready ??= read().then(async () => {
      registry.onChange(() => void read());
      unitOf(state.shown);
      const clients = await livingClients().catch(() => undefined);
      if (clients) dispatch({ type: 'living', clients });
    });
    return ready;
  };

  const routeOf = async (header: string | null, rule: string | undefined, client: string) => {
    await started();
    const isKnown = state.clients[client] !== undefined;
    const page = isKnown || client === '' ? undefined : await pageOf(client);
    return sessionOf(state, { rule, header: header ?? undefined, client, page });
  };

  const list = async (): Promise<Result<readonly NamedSession[]>> => {
    await started();
    const sessions = state.names.map(async (name): Promise<NamedSession | undefined> => {
      const snapshot = await unitOf(name).api.snapshot();
      return snapshot.ok ? { name, shown: name === state.shown, session: snapshot.value.session } : undefined;
    });
    return ok((await Promise.all(sessions)).filter((session) => session !== undefined));
  };

  const show = async (name: string): Promise<Result<null>> => {
    if (SESSION_NAME.read(name) === undefined) return failed({ code: 'bad-message', detail: 'showSession' });
    await started();
    unitOf(name);
    dispatch({ type: 'shown', session: name });
    await saving;
    return ok(null);
  };

  const signOutNamed = async (name: string): ReturnType<KeeperApi['signOut']> => {
    if (SESSION_NAME.read(name) === undefined) return failed({ code: 'bad-message', detail: 'signOutSession' });
    await started();
    // Nothing is there to end, and a sign-out makes no session.
    return state.names.includes(name) ? unitOf(name).api.signOut() : ok(null);
  };

  const signOutOf = async (own: KeeperApi, which: SignOutScope | undefined): ReturnType<KeeperApi['signOut']> => {
    if (which !== 'all') return own.signOut();
    // Those of other sessions first: the page may leave for the provider after its own.
    const others = state.names.map((name) => unitOf(name).api).filter((api) => api !== own);
    const results = await Promise.all(others.map((api) => api.signOut()));
    const last = await own.signOut();
    return firstProblem(results) ?? last;
  };

  return {
    get senders() {
      return unitOf('').host.senders;
    },
    start: () => void started().catch(() => undefined),
    attach(intro, port, client = '') {
      void started().then(async () => {
        const { tab, session, follows } = intro;
        dispatch({ type: 'attached', tab, client: client || undefined, session, follows });
        const attached = state.tabs[tab];
        // A worker that stops now must know the document again: its next request may start the next worker.
        await saving;
        // Meanwhile the tab may have left, or have another session.
        if (!attached || state.tabs[tab] !== attached) return;
        const { host } = unitOf(attached.session);
        host.attach(intro, port, client);
        if (attached.follows && attached.session !== state.shown) host.switchTab(tab);
      });
    },
    expectTab: (client) => units.get(state.shown)?.host.expectTab(client),
    leave(tab) {
      // After its `attach`, which waits for the same.
      void started().then(() => {
        const session = state.tabs[tab]?.session;
        dispatch({ type: 'left', tab });
        if (session !== undefined) units.get(session)?.host.leave(tab);
      });
    },
    isRedirected: () => all().some(({ host }) => host.isRedirected()),
    async callback(url) {
      await started();
      for (const name of state.names) {
        const { host } = unitOf(name);
        if (await host.owns(url)) return host.callback(url);
      }
      return unitOf(state.shown).host.callback(url);
    },
    async endSession(url) {
      await started();
      const name = SESSION_NAME.read(url.searchParams.get('session'));
      return unitOf(name !== undefined && state.names.includes(name) ? name : state.shown).host.endSession(url);
    },
    handOver(ms) {
      for (const { host } of all()) host.handOver(ms);
    },
    pending() {
      const pending = all().flatMap(({ host }) => host.pending() ?? []);
      return Promise.all([ready, saving, ...pending]).then(() => undefined);
    },
    async fetch(request, match, client) {
      const header = request.headers.get(SESSION_HEADER);
      if (header !== null && SESSION_NAME.read(header) === undefined) return Response.error();
      const route = await routeOf(header, match.session, client);
      const signal =
        route.ofTab && client !== '' ? eitherSignal(request.signal, scopeOf(client).signal) : request.signal;
      // What the HTTP cache holds may be another user's answer, and sessions of two users use it in turns.
      if (signal.aborted || request.cache === 'only-if-cached') return Response.error();
      const headers = withoutHeader(request);
      const plain = changedRequest(request, { headers, signal, cache: 'no-store' });
      return unitOf(route.session).requests.fetch(plain, { ...match, url: new URL(plain.url) });
    },
    sendBare: (request) => sendDirectly(changedRequest(request, { headers: withoutHeader(request) })),
    async apiFor(session, client) {
      await started();
      const name = session ?? state.clients[client] ?? state.shown;
      const own = unitOf(name).api;
      return {
        ...own,
        sessions: () => list().catch((error: unknown) => failed(storeProblem(error))),
        showSession: show,
        signOut: (which) => signOutOf(own, which),
        signOutSession: signOutNamed,
      };
    },
  };
};
