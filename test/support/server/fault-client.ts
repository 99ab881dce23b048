import type { Fault } from '../../../server/base/faults.ts';
import type { LogEntry } from '../../../server/auth/request-log.ts';
import type { Stats } from '../../../server/base/stats.ts';
import { parseJson } from '../../../src/protocol/json.ts';

/** The routes under `/lab/` of a server that runs with `--lab`. Each call throws unless the server did as it was told. */
export type Lab = {
  log(): Promise<readonly LogEntry[]>;
  clearLog(): Promise<void>;
  stats(): Promise<Stats>;
  fault(fault: Fault): Promise<void>;
  clearFaults(): Promise<void>;
  /** Resolves with how many sockets were there to drop; without a code the connections just end. */
  drop(code?: number): Promise<number>;
  freeze(ms: number): Promise<number>;
  /** `{ n }` from 1 to `count`, to everyone; `everyMs` 0: as fast as the server can. */
  publish(order: { topic: string; count: number; everyMs: number; bytes?: number }): Promise<void>;
  expireTokens(): Promise<void>;
  revokeSessions(): Promise<void>;
  clock(skewMs: number): Promise<void>;
  lifetimes(seconds: { accessSeconds?: number; refreshSeconds?: number }): Promise<void>;
};

/** These tests run against our own server, whose answers are typed by the modules that write them. */
const answerOf = async <T>(response: Response): Promise<T> => {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${response.url}: ${text}`);
  return parseJson(text) as T;
};

export const createLab = (origin: string): Lab => {
  const get = async <T>(path: string): Promise<T> => answerOf(await fetch(`${origin}/lab${path}`));
  const send = async <T>(path: string, body: unknown = {}): Promise<T> => {
    const headers = { 'content-type': 'application/json' };
    return answerOf(await fetch(`${origin}/lab${path}`, { method: 'POST', headers, body: JSON.stringify(body) }));
  };
  const remove = async (path: string): Promise<void> => {
    await answerOf(await fetch(`${origin}/lab${path}`, { method: 'DELETE' }));
  };
  const sockets = async (what: string, order: object): Promise<number> =>
    (await send<{ sockets: number }>(`/sockets/${what}`, order)).sockets;
  return {
    log: () => get('/log'),
    clearLog: () => remove('/log'),
    stats: () => get('/stats'),
    fault: (fault) => send('/faults', fault),
    clearFaults: () => remove('/faults'),
    drop: (code) => sockets('drop', code === undefined ? {} : { code }),
    freeze: (ms) => sockets('freeze', { ms }),
    publish: (order) => send('/publish', order),
    expireTokens: () => send('/tokens/expire'),
    revokeSessions: () => send('/session/revoke'),
    clock: (skewMs) => send('/clock', { skewMs }),
    lifetimes: (seconds) => send('/lifetimes', seconds),
  };
};
