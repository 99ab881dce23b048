import type { NudgeCause } from '../../protocol/bridge/calls.ts';
import type { Journal } from '../storage/journal.ts';
import type { NetworkStateName } from '../../protocol/journal-names.ts';

/** An answer that comes sooner after a loss (ms) was on its way already. */
const IN_FLIGHT_MS = 1_000;

/**
 * Whether the network works. `navigator.onLine` may say "offline" while requests succeed (a virtual adapter, a VPN:
 * https://html.spec.whatwg.org/#navigator.online), so an answer of a server proves otherwise.
 */
export type KnownNetwork = {
  readonly online: boolean;
  /** What the browser says. Only its events count: a worker gets none, and pages report them. */
  nudged(cause: NudgeCause): void;
  /** A server has answered, at that time (ms since the Unix epoch). */
  proved(at: number): void;
  /** The host starts. The journal has the state before, so only a loss is new. */
  start(): void;
};

export const createNetworkState = (
  now: () => number,
  journal: Pick<Journal, 'write'>,
  onChange: (online: boolean) => void,
): KnownNetwork => {
  let online = navigator.onLine;
  let lostAt = -Infinity;
  let written: boolean | undefined;
  const note = (): void => {
    const state: NetworkStateName = online ? 'up' : 'down';
    if (written !== online) journal.write('network', state);
    written = online;
  };
  const set = (next: boolean): void => {
    if (!next) lostAt = now();
    if (online === next) return;
    online = next;
    note();
    onChange(online);
  };
  return {
    get online() {
      return online;
    },
    nudged: (cause) => set(cause !== 'offline' && (cause === 'online' || navigator.onLine || online)),
    proved(at) {
      if (!online && at - lostAt >= IN_FLIGHT_MS) set(true);
      if (online) note();
    },
    start() {
      if (!online) note();
    },
  };
};
