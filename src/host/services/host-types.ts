import type { TabIntro } from '../../protocol/bridge/bridge.ts';
import type { Senders } from '../session/requests.ts';
import type { ApiOptions } from './keeper-api.ts';

/** The keeper without the code that is specific to a service worker or to a page. */
export type Host = {
  /** For `createApi`, which makes the methods that pages call over the bridge. */
  readonly apiOptions: ApiOptions;
  /** They need no session. */
  readonly senders: Senders;
  /** Reads the session from the disk, once. A worker that waits must not: what it read would be old once it is active. */
  start(): void;
  /** A tab arrived. The host sends its frames on `port`. `client`: the id of its document, in a service worker. */
  attach(intro: TabIntro, port: MessagePort, client?: string): void;
  /** A page requested the document that will be this client. A tab may attach from it. */
  expectTab(client: string): void;
  /** A tab left: its keep-alive response ended. */
  leave(tab: string): void;
  /** Whether the backend's check was redirected, so that no authorization is possible: a proxy wants people to sign in. */
  isRedirected(): boolean;
  /** Takes a sign-in callback and resolves with the path to go on to. The code exchange continues after that. */
  callback(url: URL): Promise<string>;
  /** Whether this sign-in callback is the answer to a sign-in of this session. */
  owns(url: URL): Promise<boolean>;
  /** Where `END_SESSION_PATH` redirects to: the provider's log-out URL once after a sign-out, else the path of the scope. */
  endSession(url: URL): Promise<string>;
  /** Informs the tab that it gets another session, so that it attaches again. */
  switchTab(tab: string): void;
  /** Informs all tabs that a new worker takes over, also those that attach in the next `ms`. Stops connecting. */
  handOver(ms: number): void;
  /** Resolves when a stop of the worker would lose nothing. `undefined` when that is so already. */
  pending(): Promise<void> | undefined;
};
