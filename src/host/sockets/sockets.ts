import type { CodecKind } from '../../core/codecs/codec.ts';
import type { SocketInputs } from '../../core/socket/socket-types.ts';
import type { TabIntro, NudgeCause, PortFrame, Publication, TabMessage } from '../../protocol/bridge.ts';
import type { SocketConfig } from '../../protocol/config.ts';
import type { ProfileIdentity } from '../../protocol/frames.ts';
import type { Result } from '../../protocol/problem.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { createUpstream, type Upstream } from './upstream.ts';
import type { WebSocketMaker } from './websocket-connection.ts';
import type { OutboxStore } from '../storage/outbox-store.ts';
import { createPrivateSockets } from './private-sockets.ts';
import { createTabBatcher } from './tab-batcher.ts';
import { createDurableOutbox } from './outbox.ts';
import { createSendAcknowledgements } from './send-acknowledgements.ts';
import { socketUrl } from './socket-ticket.ts';
import type { Clock, Random } from '../runtime/clock.ts';

export type SocketsOptions = {
  config: readonly SocketConfig[];
  codecs: readonly CodecKind[];
  origin: string;
  clock: Clock;
  random: Random;
  identity: ProfileIdentity;
  /** Sends with authorization (the keeper's, or the browser's cookie). */
  request(url: string, init: RequestInit): Promise<Response>;
  outbox: OutboxStore;
  /** Frames for one tab, that go together (batcher.ts). */
  deliver(tab: string, frames: PortFrame[]): void;
  /** `views()` changed: at once for a state, once a second at most for counts. */
  onChange(): void;
  /** A server refused tokens of this generation. A question, never a verdict. */
  onUnauthorized(generation: number): void;
  journal(machine: string, what: string, detail?: string): void;
  WebSocket?: WebSocketMaker | undefined;
};

export type SessionInput = { generation: number | undefined; sub?: string | undefined; scope?: unknown };

export type Sockets = {
  /**
   * `generation` undefined: nobody is signed in (or not yet), hang up. Another `sub` drops what the former one left; in
   * another `epoch`, whose `sub` is not known yet, nothing goes out that may be the former one's.
   */
  session(input: SessionInput): void;
  environment(input: { online: boolean; visible: boolean }): void;
  nudge(cause: NudgeCause): void;
  /** A tab came, or came again: `topics` is all that it listens to. */
  tabArrived(tab: string, topics: TabIntro['topics']): void;
  tabLeft(tab: string): void;
  fromTab(tab: string, message: TabMessage): void;
  /** Resolves once it is on the disk; `acked` or `refused` follows to every tab. */
  publish(publication: Publication): Promise<Result<null>>;
  /** By URL as configured. */
  views(): Snapshot['sockets'];
  /** A newer worker takes over: what is open stays until that one dials, and nothing new is dialled. */
  handOver(): void;
  /** That one did not come: dials again. */
  resume(): void;
  /** Resolves when a stop of the worker would lose nothing. */
  settled(): Promise<void>;
};

const COUNTS_EVERY_MS = 1_000;
/** Closed for policy: what this URL offers is topics (`keeper.channel`), not frames. */
const POLICY_VIOLATION = 1008;

/** All sockets of an origin: who listens to what, and one upstream for each configured URL. */
export const createSockets = (options: SocketsOptions): Sockets => {
  const { origin, clock } = options;
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  const tabs = new Map<string, Set<string>>();
  let session: SessionInput = { generation: undefined };
  let environment = { online: true, visible: true };

  // ---- to tabs

  const batcher = createTabBatcher(clock, options.deliver);

  const sendToTab = (tab: string, frame: PortFrame): void => {
    if (tabs.has(tab)) batcher.send(tab, frame);
  };

  const sendToTabs = (tab: string | undefined, frame: PortFrame): void => {
    for (const each of tab === undefined ? tabs.keys() : [tab]) sendToTab(each, frame);
  };

  // ---- to whoever shows it

  let countsPending = false;

  const onChange = (what: 'state' | 'counts'): void => {
    if (what === 'state') return options.onChange();
    if (countsPending) return;
    countsPending = true;
    clock.schedule(clock.now() + COUNTS_EVERY_MS, () => {
      countsPending = false;
      options.onChange();
    });
  };

  // ---- upstreams

  const outbox = createDurableOutbox({
    store: options.outbox,
    send: (item) => native?.dispatch({ type: 'publish', item }),
    onChange: () => update(),
    journal: (what, detail) => options.journal('outbox', what, detail),
  });

  const upstreamFor = (config: SocketConfig, kind: CodecKind): Upstream =>
    createUpstream({
      ...options,
      config,
      kind,
      WebSocket,
      sendToTab: sendToTabs,
      broadcast: batcher.broadcast,
      greeted: () => kind.shares === 'topics' && outbox.flush(),
      settled: outbox.settle,
      onChange,
      journal: (what, detail) => options.journal(`socket ${config.url}`, what, detail),
    });

  const byConfig = options.config.flatMap((config) => {
    const kind = options.codecs.find(({ name }) => name === config.codec);
    return kind ? [{ config, href: socketUrl(config.url, origin).href, upstream: upstreamFor(config, kind) }] : [];
  });
  const upstreams = byConfig.map(({ upstream }) => upstream);
  /** Topics and outbox go through the first upstream that has any. */
  const native = upstreams.find(({ kind }) => kind.shares === 'topics');
  const privates = createPrivateSockets({ ...options, WebSocket, sendToTab });

  const upstreamOf = (url: string): Upstream | undefined => {
    try {
      const { href } = socketUrl(url, origin);
      return byConfig.find((entry) => entry.href === href)?.upstream;
    } catch {
      return undefined;
    }
  };

  /** People want to see "connected" as long as they look, so the native upstream is kept open for every tab. */
  const inputsOf = (upstream: Upstream): SocketInputs => ({
    ...environment,
    generation: session.generation,
    wanted: upstream.listeners > 0 || (upstream === native && (tabs.size > 0 || outbox.waiting)),
  });

  const update = (): void => {
    for (const upstream of upstreams) upstream.inputs(inputsOf(upstream));
  };

  // ---- from tabs

  const join = (tab: string, topic: string, cursor: TabIntro['topics'][number][1]): void => {
    tabs.get(tab)?.add(topic);
    native?.dispatch({ type: 'join', tab, topic, cursor });
  };

  const leave = (tab: string, topic: string): void => {
    tabs.get(tab)?.delete(topic);
    native?.dispatch({ type: 'leave', tab, topic });
  };

  const isCongested = (): boolean => upstreams.some((upstream) => upstream.congested);
  const taken = createSendAcknowledgements(clock, isCongested, sendToTab);

  const onSocket = (tab: string, message: Extract<TabMessage, { socket: string }>): void => {
    if (message.type !== 'socket-open') {
      if (privates.receive(tab, message)) return;
      for (const upstream of upstreams) upstream.dispatch({ ...message, tab });
      if (message.type === 'socket-send') taken(tab, message.socket);
      return;
    }
    const { socket } = message;
    const upstream = upstreamOf(message.url);
    if (!upstream) return void privates.receive(tab, message);
    if (upstream.kind.shares === 'frames') return upstream.dispatch({ ...message, tab });
    sendToTab(tab, { type: 'socket-closed', socket, code: POLICY_VIOLATION, reason: 'topics only', wasClean: false });
  };

  const tabLeft = (tab: string): void => {
    if (!tabs.delete(tab)) return;
    batcher.dropTab(tab);
    privates.tabLeft(tab);
    for (const upstream of upstreams) upstream.dispatch({ type: 'tab-left', tab });
    update();
  };

  const changeUser = (): void => {
    privates.session(undefined);
    for (const upstream of upstreams) {
      upstream.inputs({ ...inputsOf(upstream), generation: undefined });
      upstream.dispatch({ type: 'forget' });
    }
  };

  return {
    session: (input) => {
      const { sub = session.sub, scope } = input;
      const unknown = session.sub !== undefined && input.sub === undefined && scope !== session.scope;
      const generation = unknown ? undefined : input.generation;
      if (scope !== session.scope) batcher.dropUserFrames();
      if (session.sub !== undefined && sub !== session.sub) changeUser();
      if (session.generation !== undefined && generation === undefined) outbox.signedOut();
      session = { generation, sub, scope: unknown ? session.scope : scope };
      privates.session(generation);
      outbox.owner(sub);
      update();
    },
    environment: (input) => {
      environment = input;
      update();
    },
    nudge: (cause) => upstreams.forEach((upstream) => upstream.nudge(cause)),
    tabArrived: (tab, topics) => {
      if (tabs.size === 0) outbox.reload();
      const before = tabs.get(tab);
      tabs.set(tab, new Set());
      for (const [topic, cursor] of topics) join(tab, topic, cursor);
      const now = tabs.get(tab);
      for (const topic of before ?? []) if (!now?.has(topic)) leave(tab, topic);
      update();
    },
    tabLeft,
    fromTab: (tab, message) => {
      if (!tabs.has(tab)) return;
      if (message.type === 'bye') return tabLeft(tab);
      if (message.type === 'join') join(tab, message.topic, message.cursor);
      else if (message.type === 'leave') leave(tab, message.topic);
      else if (message.type === 'present' || message.type === 'absent') native?.dispatch({ ...message, tab });
      else if ('socket' in message) onSocket(tab, message);
      // What is said on an open socket changes nobody's wish to have it.
      if (message.type !== 'socket-send') update();
    },
    publish: outbox.publish,
    views: () => Object.fromEntries(byConfig.map(({ config, upstream }) => [config.url, upstream.view])),
    handOver: () => upstreams.forEach((upstream) => upstream.setRole('retire')),
    resume: () => upstreams.forEach((upstream) => upstream.setRole('resume')),
    settled: outbox.settled,
  };
};
