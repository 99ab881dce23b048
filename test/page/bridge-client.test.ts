import { expose, type Endpoint } from 'comlink';
import { afterEach, describe, expect, test } from 'vitest';
import { ok } from '../../src/protocol/problem.ts';
import { createBridge, type BridgeOptions } from '../../src/page/connection/bridge-client.ts';

/** An endpoint that outlives its workers, as in the page. Each worker is one end of a real MessageChannel. */
const createWorkers = () => {
  const answers = new EventTarget();
  const open: MessagePort[] = [];
  let current: MessagePort | undefined;
  const endpoint: Endpoint = {
    postMessage: (message: unknown) => {
      if (!current) throw new TypeError('no worker');
      current.postMessage(message);
    },
    addEventListener: answers.addEventListener.bind(answers),
    removeEventListener: answers.removeEventListener.bind(answers),
  };
  return {
    endpoint,
    start: (api: object) => {
      const { port1, port2 } = new MessageChannel();
      open.push(port1, port2);
      port1.onmessage = ({ data }: MessageEvent<unknown>) =>
        answers.dispatchEvent(new MessageEvent('message', { data }));
      expose(api, port2);
      current = port1;
    },
    kill: () => {
      for (const port of open.splice(0)) port.close();
      current = undefined;
    },
  };
};

let workers: ReturnType<typeof createWorkers>;
const bridgeTo = (api: object, options: Partial<BridgeOptions> = {}) => {
  workers = createWorkers();
  workers.start(api);
  return createBridge({ endpoint: workers.endpoint, ready: () => Promise.resolve(true), ...options });
};
afterEach(() => workers.kill());

const never = () => new Promise<never>(() => {});

/** A method that receives the call and never answers. */
const deadly = () => {
  let take = (): void => {};
  const taken = new Promise<void>((resolve) => {
    take = resolve;
  });
  return {
    taken,
    method: () => {
      take();
      return never();
    },
  };
};
const quick = (method: string) => (method === 'signIn' ? 60 : 30);

describe('the bridge', () => {
  test('passes plain data in both directions', async () => {
    const { api } = bridgeTo({ signIn: (intent: unknown) => ok(intent) });
    const intent = { kind: 'password', username: 'demo', password: 'demo' } as const;
    expect(await api.signIn(intent)).toEqual(ok(intent));
  });

  test('returns a timeout when the worker does not answer within the deadline', async () => {
    const { api } = bridgeTo({ snapshot: never, signIn: never }, { deadlineOf: quick });
    const begun = performance.now();
    expect(await api.snapshot()).toEqual({ ok: false, problem: { code: 'timeout', at: 'worker:snapshot' } });
    expect(await api.signIn({ kind: 'oidc' })).toEqual({
      ok: false,
      problem: { code: 'timeout', at: 'worker:signIn' },
    });
    expect(performance.now() - begun).toBeGreaterThan(85);
  });

  test('returns a problem and never throws when data cannot be cloned, the worker throws or its answer is malformed', async () => {
    const fail = () => {
      throw new Error('inside');
    };
    const { api } = bridgeTo({
      publish: () => ok(null),
      signOut: fail,
      journal: () => 'nonsense',
      nudge: () => ({ ok: false }),
    });
    const problems = [
      api.publish({ id: 'a', topic: 't', data: () => {} }),
      api.signOut(),
      api.journal(),
      api.nudge('user'),
    ];
    for (const result of await Promise.all(problems))
      expect(result).toMatchObject({ ok: false, problem: { code: 'bad-message' } });
  });

  test('returns `no-worker` when there is no worker', async () => {
    const { api } = bridgeTo({}, { ready: () => Promise.resolve(false) });
    expect(await api.snapshot()).toEqual({ ok: false, problem: { code: 'no-worker', detail: 'snapshot' } });
  });

  test('sends a call once more when the worker died during it', async () => {
    const { taken, method } = deadly();
    const { api, workerDied } = bridgeTo({ publish: method });
    const published = api.publish({ id: 'a', topic: 't', data: 1 });
    await taken;
    workers.kill();
    const received: unknown[] = [];
    workers.start({
      publish: (message: unknown) => {
        received.push(message);
        return ok(null);
      },
    });
    workerDied();
    workerDied();
    expect(await published).toEqual(ok(null));
    expect(received).toEqual([{ id: 'a', topic: 't', data: 1 }]);
  });

  test('does not send a sign-in again, and ends it soon, when the worker died during it', async () => {
    const { taken, method } = deadly();
    const { api, workerDied } = bridgeTo(
      { signIn: method },
      { deadlineOf: (name) => (name === 'signIn' ? 60_000 : 30) },
    );
    const signedIn = api.signIn({ kind: 'ticket', apiKey: 'k' });
    await taken;
    workers.kill();
    let calls = 0;
    workers.start({ signIn: () => (calls += 1) });
    workerDied();
    expect(await signedIn).toEqual({ ok: false, problem: { code: 'timeout', at: 'worker:signIn' } });
    expect(calls).toBe(0);
  });

  test('accepts a late answer to a sign-in after the worker died', async () => {
    const { api, workerDied } = bridgeTo({ signIn: () => Promise.resolve(ok({ type: 'signed-in' })) });
    const signedIn = api.signIn({ kind: 'ticket', apiKey: 'k' });
    workerDied();
    expect(await signedIn).toEqual(ok({ type: 'signed-in' }));
  });
});
