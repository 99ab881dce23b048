import type { InjectedConfig } from '../src/protocol/config.ts';
import type { SignInDefinition } from '../src/host/auth/methods/define-sign-in.ts';
import type { SocketsFactory } from '../src/host/sockets/shared-sockets.ts';

/**
 * A site's own answer to a request that the keeper authorizes. Called synchronously, in the order of the requests. `send`
 * is `fetch` of `KeptSession`.
 */
export type Respond = (
  event: FetchEvent,
  send: (request: Request) => Promise<Response>,
) => Promise<Response | undefined> | undefined;

/** The keeper in a site's worker. */
export type KeptSession = {
  /**
   * `fetch` with authorization, for requests of the worker's own: a queue that a `sync` event replays, a cache that it
   * fills. A request outside the allow-list goes out as it is. Rejects where the browser's `fetch` rejects.
   * Where the origin has several sessions, the rule's sends it, else that of its header `keeper-session`, else the shown one.
   *
   * @example
   * const keeper = keepSession({ config });
   * addEventListener('sync', (event) => event.waitUntil(keeper.fetch('/api/orders', { method: 'POST', body: kept })));
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
};

/** Options of `keepSession`. Only `config` is required. */
export type KeepSessionOptions = InjectedConfig & {
  /** The socket feature, `sharedSockets`. Needed where pages use sockets or channels. */
  sockets?: SocketsFactory;
  /** Sign-ins of the site's own (`defineSignIn`), beside those of `config`. */
  signIn?: readonly SignInDefinition[];
  /**
   * Answers a request of the allow-list in the keeper's place: from a cache, a queue or a mock. `send` adds authorization,
   * and rejects where `fetch` does. Returns `undefined`, or resolves with it, for a request that the keeper answers.
   *
   * @example
   * keepSession({ config, respond: ({ request }, send) => send(request).catch(() => caches.match(request)) });
   */
  respond?: Respond;
  /** Identifies the build, so that pages can show that a new version is ready. */
  build?: string;
};
