import type { FaultAction, TrafficKind } from './faults.ts';

/** Why a request failed that the browser itself ended. */
export const GIVEN_UP = 'the browser gave up';

/** How a request ended. `failed`: without an answer to the browser. */
export type ExchangeOutcome =
  | { state: 'pending' }
  | { state: 'answered'; status: number; ms: number }
  | { state: 'failed'; why: string; ms: number };

/** One request that went through the proxy. No header, URL or excerpt contains a secret. */
export type Exchange = {
  readonly type: 'exchange';
  readonly id: number;
  /** ms since the Unix epoch. */
  readonly at: number;
  readonly method: string;
  readonly url: string;
  readonly kind: TrafficKind;
  /** Whether the lab sent it from the page. All others are the site's own. */
  readonly isOfLab: boolean;
  /** The faults that the proxy applied. */
  readonly faults: readonly FaultAction['type'][];
  readonly requestHeaders: Readonly<Record<string, string>>;
  outcome: ExchangeOutcome;
  responseHeaders: Readonly<Record<string, string>>;
  /** The start of the answer's text. */
  excerpt: string;
};

export type SocketEnd = { at: number; by: 'server' | 'browser' | 'proxy'; code: number | undefined };

/** One WebSocket that was opened through the proxy. */
export type SocketRecord = {
  readonly type: 'socket';
  readonly id: number;
  readonly at: number;
  readonly url: string;
  /** Data frames from the browser, and to it. */
  sent: number;
  received: number;
  /** When the proxy stopped to pass its frames. */
  silentSince: number | undefined;
  end: SocketEnd | undefined;
};

export type NetworkRecord = Exchange | SocketRecord;

export type NetworkLog = {
  nextId(): number;
  add(record: NetworkRecord): void;
  /** The records that started at `since` (ms since the Unix epoch) or later. */
  since(at: number): readonly NetworkRecord[];
};

/** A scenario lasts minutes at most, but a flood of requests may not fill the memory. */
const MAX_RECORDS = 50_000;

export const createNetworkLog = (): NetworkLog => {
  let records: NetworkRecord[] = [];
  let last = 0;
  return {
    nextId: () => {
      last += 1;
      return last;
    },
    add: (record) => {
      records.push(record);
      if (records.length > MAX_RECORDS) records = records.slice(MAX_RECORDS / 2);
    },
    since: (at) => records.filter((record) => record.at >= at),
  };
};
