import type { Arrival, TabIntro } from '../../protocol/bridge/bridge.ts';
import type { TabMessage } from '../../protocol/bridge/tab-messages.ts';
import { isSupportedProtocol } from '../../protocol/version.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import {
  framesOf,
  isSocketBatch,
  PAGE_FRAME,
  type PageFrame,
  type SocketBatch,
} from '../../protocol/bridge/port-frames.ts';
import { greet, type TabGreeting } from './greeting.ts';
import type { Transport } from './transport.ts';

/** How long (ms) a page waits for a welcome before it greets again. */
const WELCOME_DEADLINE_MS = 3_000;
/** A page waits this long (ms) after a worker that died right after its welcome, so that no busy loop starts. */
const SHORT_LIFE_MS = 250;

/** The page's handlers for messages of the host, and the contents of its greeting. */
export type TabHandlers = {
  readonly id: string;
  readonly visible: () => boolean;
  readonly topics: () => TabIntro['topics'];
  /** A new port takes messages. The host has not answered on it yet. */
  portOpened(): void;
  showSnapshot(snapshot: Snapshot): void;
  welcomed(): void;
  /** The host has not answered the greeting in time. */
  unanswered(): void;
  /** An unchecked frame that is not about the page as a whole. */
  receive(frame: unknown): void;
  receiveBatch(batch: SocketBatch): void;
  /** The session that this tab stays with, or that it shows now (`TAB_INTRO`). */
  readonly session: () => { session: string | undefined; follows: boolean };
  /** The tab gets another session. */
  switched(): void;
  /** The worker has an incompatible protocol: the page must reload. */
  incompatible(): void;
};

export type Attachment = {
  /**
   * Introduces this page to the host, on a new port; the old one is closed. `made`: it has introduced itself on this one.
   */
  attach(arrival: Arrival, made?: TabGreeting): void;
  /** Leaves the host: the page goes away, or into the back-forward cache. Handlers that run later can still post. */
  detach(): void;
  /** The page stops running: it posts nothing more. */
  release(): void;
  /** Whether the page has gone away (`detach`) and not come back. */
  isDetached(): boolean;
  /** `false` if there is no port to post it on. */
  post(message: TabMessage, transfer?: Transferable[]): boolean;
};

type State =
  | { state: 'away' }
  | { state: 'greeting'; port: MessagePort; end: AbortController; target: unknown }
  | { state: 'attached'; port: MessagePort; end: AbortController; target: unknown }
  /** The host sends nothing more. For a moment it still takes what the page's own handlers say (`LINGER_MS`). */
  | { state: 'leaving'; port: MessagePort; end: AbortController }
  /** The worker is dead or about to stop. It may still send frames, but the page sends none that could be lost. */
  | { state: 'between'; port: MessagePort; end: AbortController };

export const createAttachment = (transport: Transport, tab: TabHandlers, closed: AbortSignal): Attachment => {
  let state: State = { state: 'away' };

  const disconnect = () => {
    if (state.state !== 'away') state.end.abort();
    state = { state: 'away' };
  };

  const introduce = (arrival: Arrival): TabGreeting =>
    greet(transport, { tab: tab.id, arrival, visible: tab.visible(), topics: tab.topics(), ...tab.session() });

  const attach = (arrival: Arrival, made?: TabGreeting): void => {
    disconnect();
    if (closed.aborted) return;
    const end = new AbortController();
    const { port, target } = made ?? introduce(arrival);
    const onMessage = ({ data }: MessageEvent<unknown>): void => {
      if (isSocketBatch(data)) return end.signal.aborted ? undefined : tab.receiveBatch(data);
      for (const frame of framesOf(data)) {
        if (end.signal.aborted) return;
        const ofPage = PAGE_FRAME.read(frame);
        if (ofPage) receive(ofPage, end);
        else tab.receive(frame);
      }
    };
    state = { state: 'greeting', port, end, target };
    port.onmessage = onMessage;
    const timer = setTimeout(() => void insist(arrival, end), WELCOME_DEADLINE_MS);
    end.signal.addEventListener('abort', () => {
      clearTimeout(timer);
      port.close();
    });
    tab.portOpened();
    // Another worker may have taken control after a greeting that was made before.
    if (made) control();
  };

  const insist = async (arrival: Arrival, end: AbortController): Promise<void> => {
    if (state.state !== 'greeting' || state.end !== end) return;
    tab.unanswered();
    await transport.repair();
    if (end.signal.aborted) return;
    // it may have died over the greeting, and over calls that were made since
    transport.hostDied();
    attach(arrival);
  };

  const receive = (frame: PageFrame, end: AbortController): void => {
    if (frame.type === 'hand-over') return handOver();
    if (frame.type === 'snapshot') return tab.showSnapshot(frame.snapshot);
    if (frame.type === 'switched') {
      tab.switched();
      return attach('reattach');
    }
    if (frame.type === 'read') return void post(frame);
    if (frame.type === 'overrun') return state.state === 'between' ? undefined : attach('reattach');
    if (!isSupportedProtocol(frame.protocol)) {
      disconnect();
      return tab.incompatible();
    }
    if (state.state === 'greeting') state = { ...state, state: 'attached' };
    transport.keepAlive.start();
    void watch(frame.life, end.signal);
    tab.showSnapshot(frame.snapshot);
    tab.welcomed();
  };

  const watch = async (life: string, signal: AbortSignal): Promise<void> => {
    const since = performance.now();
    try {
      await transport.hostGone(life, signal);
    } catch {
      return;
    }
    if (signal.aborted || state.state !== 'attached') return;
    const { port, end } = state;
    state = { state: 'between', port, end };
    transport.keepAlive.workerDied();
    transport.hostDied();
    if (performance.now() - since > SHORT_LIFE_MS) attach('reattach');
    else setTimeout(() => signal.aborted || attach('reattach'), SHORT_LIFE_MS);
  };

  const post = (message: TabMessage, transfer: Transferable[] = []): boolean => {
    if (state.state === 'away' || state.state === 'between') return false;
    state.port.postMessage(message, transfer);
    return true;
  };

  const handOver = (): void => {
    if (state.state !== 'attached') return;
    const { port, end } = state;
    state = { state: 'between', port, end };
    transport.keepAlive.stop();
    void transport.awaitTakeover().then(() => {
      if (end.signal.aborted) return;
      transport.hostDied();
      attach('reattach');
    });
  };

  const control = (): void => {
    if (state.state !== 'greeting' && state.state !== 'attached') return;
    if (state.target === transport.currentHost()) return;
    transport.keepAlive.stop();
    transport.hostDied();
    attach('reattach');
  };

  transport.watchControl(control, closed);

  return {
    attach,
    detach: () => {
      transport.keepAlive.stop();
      if (state.state === 'away' || state.state === 'leaving') return;
      const { port, end } = state;
      port.postMessage({ type: 'bye' } satisfies TabMessage);
      port.onmessage = null;
      state = { state: 'leaving', port, end };
    },
    release: () => {
      if (state.state === 'leaving') disconnect();
    },
    isDetached: () => state.state === 'away' || state.state === 'leaving',
    post,
  };
};
