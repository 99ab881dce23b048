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
import { createEpochs } from './session/user-scope.ts';
import { createGate } from './session/authorized-fetch.ts';
import { ask, placeOf, QUIET } from './auth/http.ts';
import { takeIdentity } from './storage/profile-identity.ts';
import { holdLife } from './runtime/liveness-lock.ts';
import { createRefreshLock } from './session/refresh-lock.ts';
import { createParts } from './services/services.ts';
import { createPublisher } from './tabs/snapshot-publisher.ts';
import { createRules } from './session/request-policy.ts';
import { createSessionRuntime } from './session/session-runtime.ts';
import { noSockets } from './sockets/no-sockets.ts';
import type { Sockets } from './sockets/sockets.ts';
import { createTabs } from './tabs/tab-ports.ts';
import type { Standing } from './auth/cookie-method.ts';
import { createTrials } from './session/continuity-counters.ts';
import type { Host, HostOptions } from './services/host-types.ts';

const VERIFY_DEADLINE_MS = 20_000;

const tierOf = (sealed: boolean, machine: Machine): Tier => {
  if (sealed) return 'sealed';
  return sessionOf(machine.state)?.tokens.access?.scheme === 'DPoP' ? 'bound' : 'compatible';
};

/** Puts the keeper together. Synchronous, so that a worker can answer the very event that started it. */
export const createHost = (options: HostOptions): Host => {
  const { config, origin, where, build, seal, clock = systemClock, random = systemRandom } = options;
  const worker = { id: crypto.randomUUID(), startedAt: clock.now(), host: where } as const;
  const life = holdLife(worker.id);
  const parts = createParts(options, clock, random, worker.id, {
    current: () => latestOf(session.machine.state),
    hasLeft() {
      const { state } = session.machine;
      return state.at === 'signed-out' && state.reason === 'user';
    },
    onErased: () => session.tell({ type: 'erased' }),
  });
  const { journal } = parts;
  const epochs = createEpochs();
  let online = navigator.onLine;
  let former: Machine | undefined;
  let opened: Sockets | undefined;

  const tabs = createTabs({
    onMessage: (tab, message) => void sockets.then((all) => all.fromTab(tab, message)),
    onChange() {
      journal.write('tabs', `${tabs.count}`);
      void sockets.then((all) => all.environment({ online, visible: tabs.visible }));
      publisher.soon();
    },
    onGone: (tab) => void sockets.then((all) => all.tabLeft(tab)),
  });

  const trials = createTrials(parts.disk, clock, () => publisher.soon());

  const verify = async (kind: SignInKind): Promise<Standing> => {
    if (kind === 'ticket' && parts.kinds.ticket) return parts.kinds.ticket.status();
    const url = new URL(config.whoami, origin);
    const at = placeOf(url, origin);
    const answer = await ask((signal) => gate(new Request(url, { ...QUIET, signal })), at, {
      deadlineMs: VERIFY_DEADLINE_MS,
      now: clock.now,
    });
    if (!answer.ok) return { is: 'failed', problem: answer.problem };
    const { status, text } = answer.value;
    const user = status === 200 ? parseWhoami(text) : undefined;
    return user
      ? { is: 'verified', user }
      : { is: 'failed', problem: { code: 'unexpected-answer', at, status, detail: 'whoami' } };
  };

  const session = createSessionRuntime({
    ...parts,
    lock: createRefreshLock(navigator.locks),
    verify,
    clock,
    random,
    onChange(machine) {
      const before = former ?? machine;
      former = machine;
      epochs.observe(machine.state);
      trials.observe(before, machine);
      const known = sessionOf(machine.state);
      const epoch = epochs.current;
      void sockets.then((all) => all.session({ generation: known?.generation, sub: known?.user?.sub, epoch }));
      const { at } = machine.state;
      if (before.state.at !== at) {
        journal.write('state', at satisfies SessionStateName);
        if (at === 'active' || at === 'signed-out') void parts.tidy(known).catch(() => undefined);
      }
      publisher.now();
    },
  });

  const rules = createRules(config.api, origin);
  const gate = createGate({ origin, ask: session.ask, keys: parts.keys, epoch: () => epochs.current, rules });

  const openSockets = async (): Promise<Sockets> => {
    const identity = await takeIdentity(parts.disk, () => crypto.randomUUID());
    opened = options.sockets?.({
      config: config.sockets,
      origin,
      clock,
      random,
      identity,
      request: (url, init) => gate(new Request(new URL(url, origin), init)),
      deliver: tabs.push,
      onChange: () => publisher.soon(),
      onUnauthorized: (generation) => session.tell({ type: 'suspected', generation }),
      journal: journal.write,
    });
    return opened ?? noSockets;
  };
  // The first tab opens them: a newcomer that took its epoch while it waited would be outranked by its predecessor's
  // next start, and the hub would turn it away for good.
  let open = (): void => undefined;
  /** Until then (ms since the epoch) a newcomer is expected to take over. */
  let leavingUntil = 0;
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
    kept: trials.kept,
  });

  const publisher = createPublisher(clock, snapshot, tabs.pushAll);

  const noteNetwork = (): void => {
    const step: NetworkStateName = online ? 'up' : 'down';
    journal.write('network', step);
  };

  const nudge = (cause: NudgeCause): void => {
    const before = online;
    online = cause === 'online' || (cause !== 'offline' && navigator.onLine);
    if (before && !online) trials.count('networkLosses');
    if (before !== online) {
      noteNetwork();
      publisher.now();
    }
    if (cause !== 'offline' && cause !== 'hidden') {
      session.tell({ type: 'nudge', cause });
      void parts.revocations.run();
    }
    void sockets.then((all) => {
      all.environment({ online, visible: tabs.visible });
      all.nudge(cause);
    });
  };

  noteNetwork();
  session.tell({ type: 'started' });
  void parts.revocations.run();

  return {
    life: life.name,
    api: createApi({ parts, session, sockets, snapshot, nudge }),
    attach(intro, port) {
      open();
      void life.held.then(() => {
        tabs.add(intro, port);
        tabs.push(intro.tab, [{ type: 'welcome', protocol: PROTOCOL, life: life.name, snapshot: snapshot() }]);
        if (clock.now() < leavingUntil) tabs.push(intro.tab, [{ type: 'hand-over' }]);
        // A page that comes later shows that no newcomer has taken over.
        else void sockets.then((all) => all.resume());
        void sockets.then((all) => all.tabArrived(intro.tab, intro.topics));
        if (intro.arrival === 'reload') trials.count('reloads');
        if (intro.arrival !== 'reattach') session.tell({ type: 'tab-arrived' });
      });
    },
    leave: (tab) => tabs.remove(tab),
    fetch: gate,
    covers: rules.covers,
    treatment: rules.treatment,
    async callback(url) {
      const path = (await parts.kinds.oidc?.returnTo(url.searchParams.get('state')).catch(() => '/')) ?? '/';
      session.tell({ type: 'sign-in', id: undefined, order: { kind: 'oidc-callback', url: url.href } });
      return path;
    },
    endSession: async () => (await parts.endSession.take().catch(() => undefined)) ?? '/',
    handOver(ms) {
      leavingUntil = clock.now() + ms;
      tabs.pushAll({ type: 'hand-over' });
      void sockets.then((all) => all.handOver());
    },
    pending: session.pending,
  };
};
