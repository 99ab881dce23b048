import type { TabIntro, KeeperApi } from '../../protocol/bridge.ts';
import type { RequestKind, Treatment } from '../../core/request-policy.ts';
import type { Clock, Random } from '../runtime/clock.ts';
import type { SocketsFactory } from '../sockets/shared-sockets.ts';
import type { KeeperConfig, SealSecret } from '../../protocol/config.ts';

/** Where the keeper runs. The secret never leaves the worker (SECURITY.md, tier sealed). */
export type HostOptions = {
  config: KeeperConfig;
  /** `location.origin` of where it runs. */
  origin: string;
  where: 'service-worker' | 'page';
  build: string;
  /** What the server filled into this worker's script, if it seals. */
  seal?: SealSecret | undefined;
  /** The socket feature (`sharedSockets`), where it is wanted. */
  sockets?: SocketsFactory | undefined;
  clock?: Clock | undefined;
  random?: Random | undefined;
};

/** The keeper without its shell: the same in a worker and, where there is none, in a page. */
export type Host = {
  /** Unique for this instance; also the name of the Web Lock that is held while it lives. */
  readonly livenessLock: string;
  /** What the bridge exposes. */
  readonly api: KeeperApi;
  /** A tab arrives with the port on which it is to be told things. */
  attach(intro: TabIntro, port: MessagePort): void;
  /** A tab is gone (its lease ended). */
  leave(tab: string): void;
  /** Sends a request of the allow-list with authorization, one refresh and one replay at most. */
  fetch(request: Request): Promise<Response>;
  /** Whether this URL may have authorization at all. Synchronous: it is asked for every request. */
  covers(url: string): boolean;
  /** What is to become of an intercepted request. Synchronous, too. */
  treatment(url: URL, request: RequestKind): Treatment;
  /** Takes a sign-in callback; gives the path to go on to. The exchange itself goes on behind it. */
  callback(url: URL): Promise<string>;
  /** Where to go on to from `END_SESSION_PATH`: the provider of whoever signed out last, once, or home. */
  endSession(): Promise<string>;
  /** Tells all tabs that a new worker is taking over, and stops dialling; tabs that come in the next `ms` are told too. */
  handOver(ms: number): void;
  /** Resolves when nothing is in flight that a stop of the worker would lose; absent when nothing is. */
  pending(): Promise<void> | undefined;
};
