import type { TabIntro, KeeperApi } from '../../protocol/bridge/bridge.ts';
import type { KeeperConfig, SealSecret } from '../../protocol/config.ts';
import type { Clock, Random } from '../runtime/clock.ts';
import type { AuthorizedFetch } from '../session/authorized-fetch.ts';
import type { RequestMatcher } from '../session/request-matcher.ts';
import type { SocketsFactory } from '../sockets/shared-sockets.ts';

export type HostOptions = {
  config: KeeperConfig;
  /** `location.origin` of the scope that the host runs in. */
  origin: string;
  where: 'service-worker' | 'page';
  build: string;
  /** The secret that the server wrote into this worker's script. It never leaves the worker (SECURITY.md, tier sealed). */
  seal?: SealSecret | undefined;
  /** The socket feature (`sharedSockets`), where pages use sockets or channels. */
  sockets?: SocketsFactory | undefined;
  clock?: Clock | undefined;
  random?: Random | undefined;
};

/** The keeper without the code that is specific to a service worker or to a page. */
export type Host = {
  /** The methods that pages call over the bridge. */
  readonly api: KeeperApi;
  /** A tab arrived. The host sends its frames on `port`. */
  attach(intro: TabIntro, port: MessagePort): void;
  /** A tab left: its keep-alive response ended. */
  leave(tab: string): void;
  /** Applies the request policy. A fetch event needs the result at once, so it is synchronous. */
  match: RequestMatcher['match'];
  /** Sends a request with authorization: at most one refresh and one replay. */
  fetch: AuthorizedFetch;
  /** Takes a sign-in callback and resolves with the path to go on to. The code exchange continues after that. */
  callback(url: URL): Promise<string>;
  /** Where `END_SESSION_PATH` redirects to: the provider's log-out URL once after a sign-out, else `/`. */
  endSession(): Promise<string>;
  /** Informs all tabs that a new worker takes over, also those that attach in the next `ms`. Stops connecting. */
  handOver(ms: number): void;
  /** Resolves when a stop of the worker would lose nothing. `undefined` when that is so already. */
  pending(): Promise<void> | undefined;
};
