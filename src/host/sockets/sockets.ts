import type { CodecKind } from '../../core/codecs/codec.ts';
import type { SocketInputs } from '../../core/socket/socket-types.ts';
import type { TabIntro } from '../../protocol/bridge/bridge.ts';
import type { TabMessage } from '../../protocol/bridge/tab-messages.ts';
import type { NudgeCause, Publication } from '../../protocol/bridge/calls.ts';
import type { PortFrame } from '../../protocol/bridge/port-frames.ts';
import type { SocketConfig } from '../../protocol/config.ts';
import type { ProfileIdentity } from '../../protocol/frames.ts';
import type { Result } from '../../protocol/problem.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import type { Clock, Random } from '../runtime/clock.ts';
import type { OutboxStore } from '../storage/outbox-store.ts';
import { createTabBatcher } from '../tabs/tab-batcher.ts';
import { createDurableOutbox } from './durable-outbox.ts';
import { createPrivateSockets } from './private-sockets.ts';
import { createSendAcknowledgements } from './send-acknowledgements.ts';
import { socketUrl } from './socket-ticket.ts';
import { createUpstream, type Upstream } from './upstream.ts';
import type { WebSocketMaker } from './websocket-connection.ts';

export type SocketsOptions = {
  config: readonly SocketConfig[];
  codecs: readonly CodecKind[];
  origin: string;
  clock: Clock;
  random: Random;
  /** `leaveOtherLineage` changes it. */
  identity: ProfileIdentity;
  leaveOtherLineage(): Promise<boolean>;
  /** Sends with authorization: the keeper's token, or the browser's cookie. */
  request(url: string, init: RequestInit): Promise<Response>;
  outbox: OutboxStore;
  /** Delivers one batch of frames to a tab. */
  deliver(tab: string, frames: PortFrame[]): void;
  /** `views()` changed. Called at once for a state, and at most once a second for counts. */
  onChange(): void;
  /** A server refused a token of this generation. The session checks it: a socket never signs anyone out. */
  onUnauthorized(generation: number): void;
  journal(machine: string, what: string, detail?: string): void;
  WebSocket?: WebSocketMaker | undefined;
};

export type SessionInput = { generation: number | undefined; sub?: string | undefined; scope?: unknown };

export type Sockets = {
  /**
   * `generation` undefined: there is no session, so the sockets close. Another `sub` drops the data of the former user.
   * In another `scope` whose `sub` is not known yet, nothing is sent: it may belong to the former user.
   */
  session(input: SessionInput): void;
  environment(input: { online: boolean; visible: boolean }): void;
  nudge(cause: NudgeCause): void;
  /** A tab attached, or attached again. `topics` are all of its topics. */
  tabArrived(tab: string, topics: TabIntro['topics']): void;
  tabLeft(tab: string): void;
  fromTab(tab: string, message: TabMessage): void;
  /** Resolves when it is on the disk. Every tab gets `acked` or `refused` later. */
  publish(publication: Publication): Promise<Result<null>>;
  /** By the URL in the configuration. */
  views(): Snapshot['sockets'];
  /** A newer worker takes over: open connections stay until it connects, and this worker opens no other. */
  handOver(): void;
  /** The newer worker did not come: this one connects again. */
  resume(): void;
  /** Resolves when a stop of the worker would lose no publication. */
  settled(): Promise<void>;
};

const COUNTS_INTERVAL_MS = 1_000;
/** Close code for a URL that serves topics (`keeper.channel`), not frames. */
const POLICY_VIOLATION = 1008;

/** All sockets of an origin: which tab uses which, and one upstream for each configured URL. */
export const createSockets = (options: SocketsOptions): Sockets => {
  const { origin, clock } = options;
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  const tabs = new Map<string, Set<string>>();
  let session: SessionInput = { generation: undefined };
  let environment = { online: true, visible: true };

  const batcher = createTabBatcher(clock, options.deliver);

  const sendToTab = (tab: string, frame: PortFrame): void => {
    if (tabs.has(tab)) batcher.send(tab, frame);
  };

  const sendToTabs = (tab: string | undefined, frame: PortFrame): void => {
    for (const each of tab === undefined ? tabs.keys() : [tab]) sendToTab(each, frame);
  };

  let countsPending = false;

  const onChange = (what: 'state' | 'counts'): void => {
    if (what === 'state') return options.onChange();
    if (countsPending) return;
    countsPending = true;
    clock.schedule(clock.now() + COUNTS_INTERVAL_MS, () => {
      countsPending = false;
      options.onChange();
    });
  };

  const outbox = createDurableOutbox({
    store: options.outbox,
    send: (item) => topicUpstream?.dispatch({ type: 'publish', item }),
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
  /** The upstream of the outbox and of all topics: the first one whose codec has topics. */
  const topicUpstream = upstreams.find(({ kind }) => kind.shares === 'topics');
  const privates = createPrivateSockets({ ...options, WebSocket, sendToTab });

  const upstreamOf = (url: string): Upstream | undefined => {
    try {
      const { href } = socketUrl(url, origin);
      return byConfig.find((entry) => entry.href === href)?.upstream;
    } catch {
      return undefined;
    }
  };

  /** Each tab shows whether it is connected, so any tab keeps the topic upstream open. */
  const inputsOf = (upstream: Upstream): SocketInputs => ({
    ...environment,
    generation: session.generation,
    wanted: upstream.listeners > 0 || (upstream === topicUpstream && (tabs.size > 0 || outbox.waiting)),
  });

  const update = (): void => {
    for (const upstream of upstreams) upstream.inputs(inputsOf(upstream));
  };

  const join = (tab: string, topic: string, cursor: TabIntro['topics'][number][1]): void => {
    tabs.get(tab)?.add(topic);
    topicUpstream?.dispatch({ type: 'join', tab, topic, cursor });
  };

  const leave = (tab: string, topic: string): void => {
    tabs.get(tab)?.delete(topic);
    topicUpstream?.dispatch({ type: 'leave', tab, topic });
  };

  const isCongested = (): boolean => upstreams.some((upstream) => upstream.congested);
  const acknowledge = createSendAcknowledgements(clock, isCongested, sendToTab);

  const onSocket = (tab: string, message: Extract<TabMessage, { socket: string }>): void => {
    if (message.type !== 'socket-open') {
      if (privates.receive(tab, message)) return;
      for (const upstream of upstreams) upstream.dispatch({ ...message, tab });
      if (message.type === 'socket-send') acknowledge(tab, message.socket);
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
      else if (message.type === 'present' || message.type === 'absent') topicUpstream?.dispatch({ ...message, tab });
      else if ('socket' in message) onSocket(tab, message);
      // A frame on an open socket does not change which upstreams are wanted.
      if (message.type !== 'socket-send') update();
    },
    publish: outbox.publish,
    views: () => Object.fromEntries(byConfig.map(({ config, upstream }) => [config.url, upstream.view])),
    handOver: () => upstreams.forEach((upstream) => upstream.setRole('retire')),
    resume: () => upstreams.forEach((upstream) => upstream.setRole('resume')),
    settled: outbox.settled,
  };
};
