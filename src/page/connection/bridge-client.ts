import { wrap, type Endpoint } from 'comlink';
import { IDEMPOTENT_METHODS } from '../../protocol/bridge/bridge-constants.ts';
import type { KeeperApi } from '../../protocol/bridge/bridge.ts';
import { isObject, own } from '../../protocol/schema/json.ts';
import { startTimer } from '../../protocol/timing/timer.ts';
import { failed, isProblem, type Problem, type Result } from '../../protocol/problem.ts';

const CALL_DEADLINE_MS = 8_000;
/** Long, because a provider may be slow, and a retry makes people type the password again. */
const SIGN_IN_DEADLINE_MS = 60_000;

export type BridgeOptions = {
  /** Reaches the active worker, also after a worker died. */
  endpoint: Endpoint;
  /** Resolves when a call may be sent: `false` if there is no worker. */
  ready(): Promise<boolean>;
  /** Milliseconds until a call fails with `timeout`. */
  deadlineOf?: (method: keyof KeeperApi) => number;
};

export type Bridge = {
  readonly api: KeeperApi;
  /** The worker died and answers no pending call: sends the idempotent ones again. */
  workerDied(): void;
};

type Remote = { readonly [M in keyof KeeperApi]: (...args: readonly unknown[]) => Promise<unknown> };

const defaultDeadline = (method: keyof KeeperApi): number =>
  method === 'signIn' ? SIGN_IN_DEADLINE_MS : CALL_DEADLINE_MS;

/** Checks that the worker's answer is a result. Trusts the value in it. */
const isResult = <T>(value: unknown): value is Result<T> =>
  isObject(value) && (own(value, 'ok') === true || (own(value, 'ok') === false && isProblem(own(value, 'problem'))));

/** For a call that the guard rejected, or with arguments that cannot be cloned. */
const problemOf = (error: unknown): Problem => ({ code: 'bad-message', detail: String(error) });

/**
 * Drops the message that comlink sends when its proxy is collected. One page must not end the worker's side for all, and
 * without a worker the message would cause an unhandled rejection.
 */
const withoutGoodbye = (endpoint: Endpoint): Endpoint => ({
  ...endpoint,
  postMessage: (message: unknown, transfer) => {
    if (!isObject(message) || own(message, 'type') !== 'RELEASE') endpoint.postMessage(message, transfer);
  },
});

/**
 * The page's side of the bridge: the worker's methods, with a deadline each. They never throw.
 * A comlink call to a dead worker never settles by itself (GoogleChromeLabs/comlink#637).
 */
export const createBridge = ({ endpoint, ready, deadlineOf = defaultDeadline }: BridgeOptions): Bridge => {
  const remote: Remote = wrap<Remote>(withoutGoodbye(endpoint));
  const replays = new Set<() => void>();

  const call = <T>(method: keyof KeeperApi, ...args: readonly unknown[]): Promise<Result<T>> =>
    new Promise((resolve) => {
      let cancel = () => {};
      const settle = (answer: unknown) => {
        cancel();
        replays.delete(replay);
        resolve(isResult<T>(answer) ? answer : failed(problemOf(`${method}: no result`)));
      };
      const expectWithin = (ms: number) => {
        cancel();
        cancel = startTimer(() => settle(failed({ code: 'timeout', at: `worker:${method}` })), ms);
      };
      const send = async () => {
        expectWithin(deadlineOf(method));
        if (!(await ready())) return settle(failed({ code: 'no-worker', detail: method }));
        remote[method](...args).then(settle, (error: unknown) => settle(failed(problemOf(error))));
      };
      const replay = () => {
        replays.delete(replay);
        if (IDEMPOTENT_METHODS.has(method)) void send();
        // it may have gone to the next worker already: its answer still counts, but it is not worth a minute
        else expectWithin(deadlineOf('snapshot'));
      };
      replays.add(replay);
      void send();
    });

  return {
    api: {
      snapshot: () => call('snapshot'),
      signIn: (intent) => call('signIn', intent),
      signOut: (which) => call('signOut', ...(which ? [which] : [])),
      nudge: (cause) => call('nudge', cause),
      journal: () => call('journal'),
      publish: (message) => call('publish', message),
      backup: () => call('backup'),
      restore: (record) => call('restore', record),
      sessions: () => call('sessions'),
      showSession: (name) => call('showSession', name),
      signOutSession: (name) => call('signOutSession', name),
    },
    workerDied: () => {
      for (const replay of [...replays]) replay();
    },
  };
};
