import type { Verdict } from '../../core/session/session-types.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { KeeperConfig } from '../../protocol/config.ts';
import type { Auth } from '../auth/auth.ts';
import type { Connections } from '../runtime/connections.ts';
import { createStartOrder, type StartOrder } from '../runtime/start-order.ts';
import { createAuthorizedFetch, type AuthorizedFetch } from './authorized-fetch.ts';
import type { FirstVerdict } from './first-verdict.ts';
import type { HiddenAnswers } from './hidden-answers.ts';
import { createRequestMatcher, type RequestMatcher } from './request-matcher.ts';
import type { SessionRuntime } from './session-runtime.ts';
import { createUserScopes, type UserScopes } from './user-scope.ts';

/** What requests need of the session machine. */
export type SessionSource = Pick<SessionRuntime, 'requestToken' | 'refusedAgain'> & {
  /** A redirect made authorization impossible. */
  redirected(): void;
};

/** Requests that need more than a header with the token. */
export type Senders = HiddenAnswers & Pick<Auth, 'sendWithProof' | 'sendWithCsrf'>;

/** The requests of pages. This is all that a worker evaluates before it sends the first one. */
export type Requests = {
  readonly matcher: RequestMatcher;
  readonly scopes: UserScopes;
  readonly order: StartOrder;
  /** Sends a request of the keeper itself with authorization. */
  readonly authorizedFetch: AuthorizedFetch;
  /** Sends the request of a page with authorization: at most one refresh and one replay. */
  fetch: AuthorizedFetch;
  /** From now on the session machine judges. */
  connect(source: SessionSource): void;
};

export type RequestsOptions = {
  config: KeeperConfig;
  origin: string;
  connections: Connections;
  /** The verdict before there is a machine. */
  firstVerdict?: FirstVerdict | undefined;
  /** Starts what calls `connect`. */
  startHost(): Promise<unknown>;
  /** Loads the code for DPoP proofs (RFC 9449) and for CSRF headers. */
  loadSenders(): Promise<Senders>;
};

type TokenEvent = Parameters<SessionSource['requestToken']>[0];

const NO_HOST: Problem = { code: 'network-unreachable', at: 'script' };

export const createRequests = (options: RequestsOptions): Requests => {
  const { config, origin, connections, firstVerdict, startHost, loadSenders } = options;
  const { clock } = connections;
  const matcher = createRequestMatcher(config, origin);
  const scopes = createUserScopes();
  const order = createStartOrder(clock);
  let source: SessionSource | undefined;
  /** Whether the machine has read the session. It is connected before that. */
  let hasToken = firstVerdict === undefined;

  const connected = async (): Promise<SessionSource> => {
    if (!source) await startHost();
    if (!source) throw new TypeError('no host');
    return source;
  };

  const inform = (say: (machine: SessionSource) => void): void =>
    void connected()
      .then(say)
      .catch(() => undefined);

  /** A machine that has just started has no token yet, and would answer a refusal with the refused one. */
  const judgeRefusal = async (machine: SessionSource, event: TokenEvent & { type: 'refused' }): Promise<Verdict> => {
    const current = await machine.requestToken({ ...event, type: 'request' });
    hasToken = true;
    const isNewer = current.type === 'authorized' && current.generation > event.generation;
    return isNewer ? current : machine.requestToken(event);
  };

  const judge = async (event: TokenEvent): Promise<Verdict> => {
    // The stored record is judged for the session's own token only.
    const first = event.type === 'request' && event.resource === undefined ? await firstVerdict?.() : undefined;
    // The machine may have come meanwhile, and it knows more.
    if (first && !source) return first;
    const machine = await connected().catch(() => undefined);
    if (!machine) return { type: 'fail', problem: NO_HOST };
    return event.type === 'refused' ? judgeRefusal(machine, event) : machine.requestToken(event);
  };

  const authorizedFetch = createAuthorizedFetch({
    ...{ origin, matcher, scope: scopes.get, now: clock.now, connections },
    requestToken: (event) =>
      source && (hasToken || event.type === 'request') ? source.requestToken(event) : judge(event),
    refusedAgain: (...refused) => inform((machine) => machine.refusedAgain(...refused)),
    redirected: () => inform((machine) => machine.redirected()),
    recover: async (failed) => (await loadSenders()).recover(failed),
    sendWithProof: async (attempt) => (await loadSenders()).sendWithProof(attempt),
    withCsrf: config.signIn.ticket?.csrf && (async (request) => (await loadSenders()).sendWithCsrf(request)),
  });

  return {
    matcher,
    scopes,
    order,
    authorizedFetch,
    fetch(request, match) {
      const response = authorizedFetch(request, match);
      order.answers(response);
      return response;
    },
    connect(to) {
      source = to;
    },
  };
};
