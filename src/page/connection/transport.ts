import type { TabIntro, KeeperApi } from '../../protocol/bridge/bridge.ts';
import type { KeeperConfig } from '../../protocol/config.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import type { KeepAlive } from './keep-alive.ts';
import type { WorkerPart } from './worker-registration.ts';

/** How a page reaches its host: in a worker, in the page itself, or none. */
export type Transport = {
  readonly api: KeeperApi;
  readonly keepAlive: KeepAlive;
  /** Whether requests bypass the worker. The page must reload then. */
  isBypassed(): boolean;
  /** The host that a greeting would reach now. Only its identity matters. */
  currentHost(): unknown;
  /** Introduces this tab to the host, with the port for its messages. */
  attach(intro: TabIntro, port: MessagePort): void;
  /** The host has not answered a greeting: repairs the registration before the next one. */
  repair(): Promise<unknown>;
  /** Resolves when the host that holds the lock `life` is gone; rejects when the signal aborts. */
  hostGone(life: string, signal: AbortSignal): Promise<unknown>;
  /** The host died: sends its unanswered calls again. */
  hostDied(): void;
  /** A waiting worker takes over: holds calls and requests back, and resolves when it controls the page. */
  awaitTakeover(): Promise<unknown>;
  /** Calls `onControl` whenever another worker takes control of the page. */
  watchControl(onControl: () => void, signal: AbortSignal): void;
  /** The snapshot as this page may show it. Absent where the host is on this page's origin. */
  seen?: ((snapshot: Snapshot) => Snapshot) | undefined;
  /** Sends a request through the host, which adds authorization. Rejects with a TypeError when it cannot. */
  fetch(request: Request): Promise<Response>;
  /**
   * Ends the request with this `REQUEST_HEADER`. Before the response headers the browser does not report an abort to the
   * worker (measured; w3c/ServiceWorker#1544), and the server would go on. Absent where there is no worker.
   */
  abort?: ((name: string) => unknown) | undefined;
};

/** The options of a host in the page. */
export type InPageOptions = {
  config: KeeperConfig | undefined;
  build: string;
  tab: string;
  /** The session of this page, where the origin has several. */
  session: string | undefined;
  script: string | TrustedScriptURL;
  /** Whether the page's plain `fetch` is authorized too. */
  patchFetch: boolean;
  /** Why there is no worker. */
  problem: Problem;
  /** For the worker that may come later. */
  part: Promise<WorkerPart>;
  /** The browser's own class: the page may have replaced the global one. */
  WebSocket: typeof WebSocket;
};
