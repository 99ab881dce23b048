import type { TabIntro, KeeperApi } from '../../protocol/bridge/bridge.ts';
import type { KeeperConfig } from '../../protocol/config.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { KeepAlive } from './keep-alive.ts';

/** How a page reaches its host: a worker, a host in the page itself, or nobody. */
export type Transport = {
  readonly api: KeeperApi;
  readonly keepAlive: KeepAlive;
  /** Whether requests go past the worker: this page has to be loaded anew. */
  isBypassed(): boolean;
  /** The host that a greeting would reach now; only its identity counts. */
  currentHost(): unknown;
  /** Introduces this tab, with the port on which it is to be told things. */
  attach(intro: TabIntro, port: MessagePort): void;
  /** A greeting was not answered: mends what can be mended before the next one. */
  repair(): Promise<unknown>;
  /** Resolves when the host that holds the lock `life` is gone; rejects when the signal aborts. */
  hostGone(life: string, signal: AbortSignal): Promise<unknown>;
  /** The host died: calls that it will not answer are sent again. */
  hostDied(): void;
  /** A newcomer is taking over: holds calls and requests back, and resolves when it controls the page. */
  awaitTakeover(): Promise<unknown>;
  /** Tells when another worker took control of the page. */
  watchControl(onControl: () => void, signal: AbortSignal): void;
  /** Sends a request with authorization where it may have it. Never bare: rejects with a TypeError instead. */
  fetch(request: Request): Promise<Response>;
  /**
   * Ends a request that was named by `REQUEST_HEADER`. That a page aborts it is not told to a worker before the answer's
   * headers (measured; w3c/ServiceWorker#1544), and the server would go on. Absent where no worker is in between.
   */
  abort?: ((name: string) => unknown) | undefined;
};

/** What it takes to have a host in the page. */
export type InPageOptions = {
  config: KeeperConfig | undefined;
  build: string;
  tab: string;
  script: string | TrustedScriptURL;
  /** Why there is no worker. */
  problem: Problem;
};
