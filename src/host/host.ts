import { projectSession } from '../core/session/session-view.ts';
import { latestOf, sessionOf } from '../core/session/session-transitions.ts';
import type { Machine } from '../core/session/session-types.ts';
import { parseWhoami } from '../protocol/backend-responses.ts';
import type { NudgeCause } from '../protocol/bridge.ts';
import type { NetworkStateName, SessionStateName } from '../protocol/journal-names.ts';
import { signInKindsOf } from '../protocol/config.ts';
import type { SignInKind, Snapshot, Tier } from '../protocol/snapshot.ts';
import { PROTOCOL } from '../protocol/version.ts';
import { createApi } from './keeper-api.ts';
import { systemClock, systemRandom } from './runtime/clock.ts';
import { createUserScopes } from './session/user-scope.ts';
import { createAuthorizedFetch, type AuthorizedFetch } from './session/authorized-fetch.ts';
import { boundedFetch, endpointName, DIRECT_FETCH } from './auth/http.ts';
import { takeIdentity } from './storage/profile-identity.ts';
import { holdLivenessLock } from './runtime/locks.ts';
import { createRefreshLock } from './runtime/locks.ts';
import { createServices } from './services/services.ts';
import { createSnapshotPublisher } from './tabs/snapshot-publisher.ts';
import { createRules } from './session/request-policy.ts';
import { createSessionRuntime } from './session/session-runtime.ts';
import { noSockets } from './sockets/no-sockets.ts';
import type { Sockets } from './sockets/sockets.ts';
import { createTabPorts } from './tabs/tab-ports.ts';
import type { VerifyResult } from './auth/cookie-method.ts';
import { createContinuityCounters } from './session/continuity-counters.ts';
import type { Host, HostOptions } from './services/host-types.ts';

const VERIFY_DEADLINE_MS = 20_000;

const tierOf = (sealed: boolean, machine: Machine): Tier => {
  if (sealed) return 'sealed';
  return sessionOf(machine.state)?.tokens.access?.scheme === 'DPoP' ? 'bound' : 'compatible';
};

const isLeft = ({ state }: Machine): boolean => state.at === 'signed-out' && state.reason === 'user';

type WhoamiOptions = { origin: string; now(): number; authorizedFetch: AuthorizedFetch };

const verifyByWhoami = async (url: URL, { origin, now, authorizedFetch }: WhoamiOptions): Promise<VerifyResult> => {
  const at = endpointName(url, origin);
  const answer = await boundedFetch((signal) => authorizedFetch(new Request(url, { ...DIRECT_FETCH, signal })), at, {
    deadlineMs: VERIFY_DEADLINE_MS,
    now,
  });
  if (!answer.ok) return { type: 'failed', problem: answer.problem };
  const { status, text } = answer.value;
  const user = status === 200 ? parseWhoami(text) : undefined;
  return user
    ? { type: 'verified', user }
    : { type: 'failed', problem: { code: 'unexpected-answer', at, status, detail: 'whoami' } };
};

/** Puts the keeper together. Synchronous, so that a worker can answer the very event that started it. */
export const createHost = (options: HostOptions): Host => {
  const { config, origin, where, build, seal, clock = systemClock, random = systemRandom } = options;
  const worker = { id: crypto.randomUUID(), startedAt: clock.now(), host: where } as const;
  const livenessLock = holdLivenessLock(worker.id);
  const services = createServices(options, clock, random, worker.id, {
    current: () => latestOf(session.machine.state),
    hasLeft: () => isLeft(session.machine),
    onErased: () => session.dispatch({ type: 'erased' }),
  });
  const { journal, keys } = services;
  const scopes = createUserScopes();
  let online = navigator.onLine;
  let former: Machine | undefined;
  let opened: Sockets | undefined;

  const tabs = createTabPorts({
    onMessage: (tab, message) => void sockets.then((all) => all.fromTab(tab, message)),
    onChange() {
      journal.write('tabs', `${tabs.count}`);
      void sockets.then((all) => all.environment({ online, visible: tabs.visible }));
      publisher.soon();
    },
    onGone: (tab) => void sockets.then((all) => all.tabLeft(tab)),
  });

  const counters = createContinuityCounters(services.disk, clock, () => publisher.soon());

  const verify = async (kind: SignInKind): Promise<VerifyResult> =>
    kind === 'ticket' && services.methods.ticket
      ? services.methods.ticket.status()
      : verifyByWhoami(new URL(config.whoami, origin), { origin, now: clock.now, authorizedFetch });

  const session = createSessionRuntime({
    ...services,
    refreshLock: createRefreshLock(navigator.locks),
    verify,
    clock,
    random,
    onChange(machine) {
      const before = former ?? machine;
      former = machine;
      scopes.observe(machine.state);
      counters.observe(before, machine);
      const known = sessionOf(machine.state);
      const scope = scopes.get();
      void sockets.then((all) => all.session({ generation: known?.generation, sub: known?.user?.sub, scope }));
      const { at } = machine.state;
      if (before.state.at !== at) {
        journal.write('state', at satisfies SessionStateName);
        if (at === 'active' || at === 'signed-out') void services.tidy(known).catch(() => undefined);
      }
      publisher.now();
    },
  });

  const rules = createRules(config.api, origin);
  const { requestToken } = session;
  const authorizedFetch = createAuthorizedFetch({ origin, requestToken, keys, scope: scopes.get, rules });

  const openSockets = async (): Promise<Sockets> => {
    const identity = await takeIdentity(services.disk);
    opened = options.sockets?.({
      config: config.sockets,
      origin,
      clock,
      random,
      identity,
      request: (url, init) => authorizedFetch(new Request(new URL(url, origin), init)),
      deliver: tabs.send,
      onChange: () => publisher.soon(),
      onUnauthorized: (generation) => session.dispatch({ type: 'suspected', generation }),
      journal: journal.write,
    });
    return opened ?? noSockets;
  };
  // The first tab opens them: see `takeIdentity`.
  let open = (): void => undefined;
  let handOverEndsAt = 0;
  const sockets = new Promise<void>((resolve) => (open = resolve)).then(openSockets);

  const snapshot = (): Snapshot => ({
    protocol: PROTOCOL,
    build,
    worker,
    durability: session.machine.durability,
    tier: tierOf(seal !== undefined, session.machine),
    signInKinds: signInKindsOf(config),
    online,
    session: projectSession(session.machine),
    sockets: opened?.views() ?? {},
    tabs: tabs.count,
    kept: counters.kept,
  });

  const publisher = createSnapshotPublisher(clock, snapshot, tabs.broadcast);

  const noteNetwork = (): void => {
    const step: NetworkStateName = online ? 'up' : 'down';
    journal.write('network', step);
  };

  const nudge = (cause: NudgeCause): void => {
    const before = online;
    online = cause === 'online' || (cause !== 'offline' && navigator.onLine);
    if (before && !online) counters.count('networkLosses');
    if (before !== online) {
      noteNetwork();
      publisher.now();
    }
    if (cause !== 'offline' && cause !== 'hidden') {
      session.dispatch({ type: 'nudge', cause });
      void services.revocations.run();
    }
    void sockets.then((all) => {
      all.environment({ online, visible: tabs.visible });
      all.nudge(cause);
    });
  };

  noteNetwork();
  session.dispatch({ type: 'started' });
  void services.revocations.run();

  return {
    livenessLock: livenessLock.name,
    api: createApi({ services, session, sockets, snapshot, nudge }),
    attach(intro, port) {
      open();
      void livenessLock.held.then(() => {
        tabs.add(intro, port);
        tabs.send(intro.tab, [{ type: 'welcome', protocol: PROTOCOL, life: livenessLock.name, snapshot: snapshot() }]);
        if (clock.now() < handOverEndsAt) tabs.send(intro.tab, [{ type: 'hand-over' }]);
        // A page that comes later shows that no newcomer has taken over.
        else void sockets.then((all) => all.resume());
        void sockets.then((all) => all.tabArrived(intro.tab, intro.topics));
        if (intro.arrival === 'reload') counters.count('reloads');
        if (intro.arrival !== 'reattach') session.dispatch({ type: 'tab-arrived' });
      });
    },
    leave: (tab) => tabs.remove(tab),
    fetch: authorizedFetch,
    covers: rules.covers,
    treatment: rules.treatment,
    async callback(url) {
      const path = (await services.methods.oidc?.returnTo(url.searchParams.get('state')).catch(() => '/')) ?? '/';
      session.dispatch({ type: 'sign-in', id: undefined, order: { kind: 'oidc-callback', url: url.href } });
      return path;
    },
    endSession: async () => (await services.endSession.take().catch(() => undefined)) ?? '/',
    handOver(ms) {
      handOverEndsAt = clock.now() + ms;
      tabs.broadcast({ type: 'hand-over' });
      void sockets.then((all) => all.handOver());
    },
    pending: session.pending,
  };
};
