import type { Fault } from '../../../server/base/faults.ts';
import type { LogEntry } from '../../../server/auth/request-log.ts';
import type { Stats } from '../../../server/base/stats.ts';
import { parseJson } from '../../../src/protocol/schema/json.ts';

/** The routes under `/lab/` of a server with `--lab`. Each call throws when the server answers with an error. */
export type FaultClient = {
  log(): Promise<readonly LogEntry[]>;
  clearLog(): Promise<void>;
  stats(): Promise<Stats>;
  add(fault: Fault): Promise<void>;
  clear(): Promise<void>;
  /** Drops all sockets, and resolves with their number. Without a code they end without a close frame. */
  dropSockets(code?: number): Promise<number>;
  freezeSockets(ms: number): Promise<number>;
  /** Publishes `{ n }` from 1 to `count`. With `everyMs` 0 at full speed. */
  publish(order: { topic: string; count: number; everyMs: number; bytes?: number }): Promise<void>;
  expireTokens(): Promise<void>;
  revokeSessions(): Promise<void>;
  setClockSkew(skewMs: number): Promise<void>;
  setLifetimes(seconds: { accessSeconds?: number; refreshSeconds?: number }): Promise<void>;
};

/** The answers come from the server of this repository. Its modules define their types. */
const answerOf = async <T>(response: Response): Promise<T> => {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${response.url}: ${text}`);
  return parseJson(text) as T;
};

export const createFaultClient = (origin: string): FaultClient => {
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
    add: (fault) => send('/faults', fault),
    clear: () => remove('/faults'),
    dropSockets: (code) => sockets('drop', code === undefined ? {} : { code }),
    freezeSockets: (ms) => sockets('freeze', { ms }),
    publish: (order) => send('/publish', order),
    expireTokens: () => send('/tokens/expire'),
    revokeSessions: () => send('/session/revoke'),
    setClockSkew: (skewMs) => send('/clock', { skewMs }),
    setLifetimes: (seconds) => send('/lifetimes', seconds),
  };
};
