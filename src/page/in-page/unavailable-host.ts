import type { PortFrame } from '../../protocol/bridge/port-frames.ts';
import { failed, type Problem, type Result } from '../../protocol/problem.ts';
import { PROTOCOL } from '../../protocol/version.ts';
import type { LocalHost } from './in-page-transport.ts';
import { startingSnapshot } from '../connection/snapshot-store.ts';

/** Where there is neither a worker nor a host in the page: every call says why. */
export const unavailableHost = (problem: Problem): LocalHost => {
  const refuse = <T>(): Promise<Result<T>> => Promise.resolve(failed(problem));
  const welcome: PortFrame = {
    type: 'welcome',
    protocol: PROTOCOL,
    life: '',
    snapshot: {
      ...startingSnapshot('page', navigator.onLine),
      durability: 'memory',
      session: { state: 'signed-out', reason: 'never', problem },
    },
  };
  return {
    api: {
      snapshot: refuse,
      signIn: refuse,
      signOut: refuse,
      nudge: refuse,
      journal: refuse,
      publish: refuse,
      backup: refuse,
      restore: refuse,
      sessions: refuse,
      showSession: refuse,
      signOutSession: refuse,
    },
    attach: (_intro, port) => port.postMessage([welcome]),
    fetch: () => Promise.reject(new TypeError(problem.code, { cause: problem })),
  };
};
