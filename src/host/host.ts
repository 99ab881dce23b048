import { projectSession } from '../core/session/session-view.ts';
import { latestOf, sessionOf } from '../core/session/session-transitions.ts';
import type { SessionMachine } from '../core/session/session-types.ts';
import { parseWhoami } from '../protocol/backend-responses.ts';
import type { NudgeCause } from '../protocol/bridge/calls.ts';
import type { KeeperConfig } from '../protocol/config.ts';
import { newId } from '../protocol/ids.ts';
import { isProblem } from '../protocol/problem.ts';
import { parseJson } from '../protocol/schema/json.ts';
import { signInKindsOf } from '../protocol/start-config.ts';
import type { SessionStateName } from '../protocol/journal-names.ts';
import type { Snapshot, Tier } from '../protocol/snapshot.ts';
import { PROTOCOL } from '../protocol/version.ts';
import { failedWith, type VerifyResult } from './auth/methods/sign-in-method.ts';
import { noteOnce } from './runtime/developer-note.ts';
import { systemRandom } from './runtime/clock.ts';
import { boundedFetch, DIRECT_FETCH, type FetchBounds } from './runtime/http.ts';
import { createRecordNews } from './runtime/record-news.ts';
import { createRefreshLock, holdLivenessLock } from './runtime/locks.ts';
import { createServices } from './services/services.ts';
import type { HostOptions } from './services/host-options.ts';
import type { Host } from './services/host-types.ts';
import type { AuthorizedFetch } from './session/authorized-fetch.ts';
import { createContinuityCounters } from './session/continuity-counters.ts';
import { createHiddenAnswers } from './session/hidden-answers.ts';
import { createNetworkState } from './session/network-state.ts';
import { createSessionRuntime } from './session/session-runtime.ts';
import { createLazySockets } from './sockets/lazy-sockets.ts';
import { takeIdentity } from './storage/profile-identity.ts';
import { createTabExpectations } from './tabs/tab-expectations.ts';
import { createSnapshotPublisher, createTabPorts } from './tabs/tab-ports.ts';

const tierOf = (sealed: boolean, machine: SessionMachine, services: ReturnType<typeof createServices>): Tier => {
  const known = sessionOf(machine.state);
  if (known?.kind === 'ticket' && services.isDeviceBound()) return 'device-bound';
  if (sealed) return 'sealed';
  return known?.tokens.access?.scheme === 'DPoP' && !services.isBearerOnly() ? 'bound' : 'compatible';
};

/** The last thing that happened to the session is that its user signed out. */
const hasLeft = ({ state }: SessionMachine): boolean => state.state === 'signed-out' && state.reason === 'user';

/** A server has answered this session: a refresh or a verification succeeded. */
const isProof = (before: SessionMachine, { verifiedAt, state }: SessionMachine): boolean =>
  (verifiedAt !== undefined && verifiedAt !== before.verifiedAt) ||
  (sessionOf(state)?.generation ?? 0) > (sessionOf(before.state)?.generation ?? Infinity);

/** A redirect of one request may be its own. How often (ms) the backend's own check finds out whether all are redirected. */
const REDIRECT_CHECK_MS = 10_000;

const VERIFY_DEADLINE_MS = 20_000;

/** Asks the application's backend who is signed in. Only its answer proves that the tokens work there. */
const verifyByWhoami = async (
  { url, claims }: { url: URL; claims: readonly string[] | undefined },
  authorizedFetch: AuthorizedFetch,
  bounds: Omit<FetchBounds, 'deadlineMs'>,
): Promise<VerifyResult> => {
  let generation: number | undefined;
  const answer = await boundedFetch(
    (signal) =>
      authorizedFetch(new Request(url, { ...DIRECT_FETCH, redirect: 'follow', signal }), undefined, (sent) => {
        generation = sent;
      }),
    url,
    {
      ...bounds,
      deadlineMs: VERIFY_DEADLINE_MS,
    },
  );
  if (!answer.ok) return failedWith(answer.problem);
  const { at, status, text } = answer.value;
  if (status === 401) return failedWith({ code: 'token-refused', at, status });
  const refusal = parseJson(text);
  if (status === 502 && isProblem(refusal) && refusal.code === 'redirect-refused') return failedWith(refusal);
  const user = status === 200 ? parseWhoami(text, claims) : undefined;
  if (!user && status !== 429 && status < 500)
    noteOnce(
      'whoami-answer',
      `config.whoami (${at}) answered ${status}, and should answer 200 with {"sub": …, "name": …} as JSON.`,
    );
  return user
    ? { type: 'verified', user, generation }
    : failedWith({ code: 'unexpected-answer', at, status, detail: 'whoami' });
};

/** No caller waits for the result of a callback. */
const signInBy = (callback: URL, { ticket }: KeeperConfig['signIn']) => {
  const kind = callback.pathname === ticket?.callback ? 'ticket' : 'oidc-callback';
  return { type: 'sign-in', id: undefined, command: { kind, url: callback.href } } as const;
};

/** Wires the host together. Synchronous, so that a worker can answer the event that started it. */
export const createHost = (options: HostOptions): Host => {
  const { config, origin, scope, where, build, seal, requests, connections, random = systemRandom } = options;
  const { clock } = connections;
  const { authorizedFetch, order, scopes } = requests;
  const worker = { id: newId(), startedAt: clock.now(), host: where } as const;
  const livenessLock = holdLivenessLock(navigator.locks, worker.id);
  const services = createServices(options, {
    clock,
    random,
    worker: worker.id,
    current: () => latestOf(session.machine.state),
    hasLeft: () => hasLeft(session.machine),
    onErased: () => session.dispatch({ type: 'erased' }),
    onRevocationRefused: (problem) => session.dispatch({ type: 'revocation-refused', problem }),
  });
  const { auth, journal } = services;
  let former: SessionMachine | undefined;
  const updateEnvironment = (): void =>
    sockets.use((all) => all.environment({ online: network.online, visible: tabs.visible }));

  const tabs = createTabPorts({
    clock,
    onMessage: (tab, message) => sockets.use((all) => all.fromTab(tab, message)),
    onChange() {
      journal.write('tabs', `${tabs.count}`);
      updateEnvironment();
      publisher.soon();
    },
    onGone: (tab) => sockets.use((all) => all.tabLeft(tab)),
  });

  const counters = createContinuityCounters(services.disk, clock, () => publisher.soon());
  const network = createNetworkState(clock.now, journal, (online) => {
    if (!online) counters.count('networkLosses');
    updateEnvironment();
    publisher.now();
  });

  const session = createSessionRuntime({
    ...services,
    refreshLock: createRefreshLock(navigator.locks, services.deployment),
    prepareRefresh: auth.prepare,
    async verify(kind) {
      await order.mayProve();
      const result =
        kind === 'ticket'
          ? auth.verifyCookie()
          : verifyByWhoami({ url: new URL(config.whoami, origin), claims: config.claims }, authorizedFetch, {
              origin,
              now: clock.now,
            });
      return result.finally(order.proved);
    },
    clock,
    random,
    onRecordChanged: createRecordNews(services.deployment, () => session.dispatch({ type: 'record-changed' })),
    onChange(machine) {
      const before = former ?? machine;
      former = machine;
      scopes.observe(latestOf(machine.state), hasLeft(machine));
      counters.observe(before, machine);
      if (isProof(before, machine)) network.proved(clock.now());
      const known = sessionOf(machine.state);
      const scope = scopes.get();
      sockets.use((all) => all.session({ generation: known?.generation, sub: known?.user?.sub, scope }));
      const { state } = machine.state;
      if (before.state.state !== state) {
        journal.write('state', state satisfies SessionStateName);
        if (state === 'active' || state === 'signed-out') cleanUp();
      }
      publisher.now();
    },
  });

  const cleanUp = (): void => {
    void order.background.then(() => services.cleanUp(sessionOf(session.machine.state))).catch(() => undefined);
  };
  let redirectedAt = -Infinity;
  const redirected = (): void => {
    if (clock.now() - redirectedAt >= REDIRECT_CHECK_MS) arrived(undefined);
    redirectedAt = clock.now();
  };

  const sockets = createLazySockets(async () => {
    const identity = await takeIdentity(services.disk);
    const createSockets = await options.loadSockets?.();
    return createSockets?.({
      config: config.sockets,
      origin,
      ...{ clock, random, identity, disk: services.disk, deployment: services.deployment },
      request: (url, init) => authorizedFetch(new Request(new URL(url, origin), init)),
      deliver: tabs.send,
      onChange() {
        for (const { state, since } of Object.values(sockets.views())) if (state === 'open') network.proved(since);
        publisher.soon();
      },
      onUnauthorized: (generation) => session.dispatch({ type: 'suspected', generation }),
      journal: journal.write,
    });
  });

  const snapshot = (): Snapshot => ({
    protocol: PROTOCOL,
    build,
    worker,
    durability: session.machine.durability,
    tier: tierOf(seal !== undefined, session.machine, services),
    signInKinds: signInKindsOf(config),
    online: network.online,
    session: projectSession(session.machine),
    ...(options.session && { sessionName: options.session }),
    ...(config.sessions && { severalSessions: true }),
    sockets: sockets.views(),
    tabs: tabs.count,
    kept: counters.kept,
  });

  const publisher = createSnapshotPublisher(clock, snapshot, tabs.broadcast);

  const nudge = (cause: NudgeCause): void => {
    network.nudged(cause);
    if (cause !== 'offline' && cause !== 'hidden') {
      session.dispatch({ type: 'nudge', cause });
      void services.revocations.run();
    }
    updateEnvironment();
    sockets.use((all) => all.nudge(cause));
  };

  const expectations = createTabExpectations();
  const arrived = (client: string | undefined): void =>
    session.dispatch({ type: 'tab-arrived', expectedAt: expectations.take(client) });

  let handOverEndsAt = 0;

  return {
    start() {
      if (session.machine.calls > 0) return;
      requests.connect({ requestToken: session.requestToken, refusedAgain: session.refusedAgain, redirected });
      network.start();
      session.dispatch({ type: 'started' });
      void order.background.then(() => {
        counters.load();
        void services.revocations.run();
      });
    },
    senders: { ...auth, ...createHiddenAnswers(clock.now) },
    apiOptions: { scope, services, session, publish: sockets.publish, snapshot, nudge, name: options.session },
    attach(intro, port, client) {
      void livenessLock.then((life) => {
        const { tab } = intro;
        tabs.add(intro, port);
        tabs.send(tab, [{ type: 'welcome', protocol: PROTOCOL, life, snapshot: snapshot() }]);
        order.connected();
        if (intro.arrival !== 'reattach') arrived(client);
        // Not at the start of the worker (see `takeIdentity`), and not before the first proof.
        void order.background.then(sockets.open);
        if (clock.now() < handOverEndsAt) tabs.send(tab, [{ type: 'hand-over' }]);
        // A tab that attaches after that time shows that no worker took over. So this one connects again.
        else sockets.use((all) => all.resume());
        sockets.use((all) => all.tabArrived(tab, intro.topics));
        if (intro.arrival === 'reload') counters.count('reloads');
        if (session.machine.state.state !== 'starting') session.dispatch({ type: 'record-changed' });
      });
    },
    expectTab(client) {
      // A page that does not connect needs no proof. Before the session is read, the worker cannot know, and verifies anyway.
      if (tabs.count === 0 && session.machine.state.state !== 'starting') return;
      order.expectsPage();
      expectations.add(client, clock.now());
      session.dispatch({ type: 'tab-expected' });
    },
    leave: (tab) => void livenessLock.then(() => tabs.leave(tab)),
    isRedirected: () => session.machine.refusedProblem?.code === 'redirect-refused',
    async callback(url) {
      const landing = await auth.land(url.searchParams.get('state')).catch(() => undefined);
      if (!landing?.begins) session.dispatch(signInBy(url, config.signIn));
      return landing?.url ?? scope;
    },
    owns: async (url) => auth.hasBegun(url.searchParams.get('state')).catch(() => false),
    // After `attach`, which waits for the lock too.
    switchTab: (tab) => void livenessLock.then(() => tabs.send(tab, [{ type: 'switched' }])),
    endSession: async () => (await services.endSession.take().catch(() => undefined)) ?? scope,
    handOver(ms) {
      handOverEndsAt = clock.now() + ms;
      tabs.broadcast({ type: 'hand-over' });
      sockets.use((all) => all.handOver());
    },
    pending: session.pending,
  };
};
