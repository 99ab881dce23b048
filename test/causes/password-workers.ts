import { createPasswordMethod } from '../../src/host/auth/methods/password-method.ts';
import { runWorker, type RunningWorker } from './running-worker.ts';
import { NEVER_SLEPT } from '../support/never-slept.ts';

/** Workers that sign in by password at one token endpoint. */
export type PasswordWorkers = {
  start(): RunningWorker;
  /** Starts a worker and signs the demo user in. */
  signedIn(): Promise<RunningWorker>;
  /** Kills all workers that still run. */
  endAll(): Promise<void>;
};

/** `originOf` gives the endpoint's origin of now: each test has a new endpoint. */
export const createPasswordWorkers = (originOf: () => string, reuseGraceMs: number): PasswordWorkers => {
  const workers: RunningWorker[] = [];
  const start = (): RunningWorker => {
    const origin = originOf();
    const config = { login: `${origin}/login`, refresh: `${origin}/refresh`, logout: `${origin}/logout`, reuseGraceMs };
    const worker = runWorker(createPasswordMethod(config, { origin, now: Date.now, connections: NEVER_SLEPT }));
    workers.push(worker);
    return worker;
  };
  return {
    start,
    async signedIn() {
      const worker = start();
      await worker.until('signed-out');
      await worker.runtime.signIn({ kind: 'password', username: 'demo', password: 'demo' });
      return worker;
    },
    async endAll() {
      for (const worker of workers.splice(0)) await worker.end();
    },
  };
};
