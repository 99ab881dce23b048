import { CLOSE_CODE } from '../../protocol/frames.ts';
import { blamesMessage, SURVIVED_MS } from './suspects.ts';

/**
 * Who has sent a frame lately that is sent only once and gets no answer. If the server closes with a code that blames a
 * message, its sender gets the close. The other sockets of the connection go on (invariant 16).
 */
export type RecentSenders<O> = {
  sent(owner: O, size: number, now: number): void;
  /** The sender of the frame that the server blames. `undefined` if it may be one of several. */
  blamed(code: number, now: number): O | undefined;
  forget(owner: O): void;
};

export const createRecentSenders = <O>(): RecentSenders<O> => {
  const senders = new Map<O, { at: number; largest: number }>();
  return {
    sent: (owner, size, now) => {
      const known = senders.get(owner);
      const largest = known && now - known.at < SURVIVED_MS ? Math.max(known.largest, size) : size;
      senders.set(owner, { at: now, largest });
    },
    blamed: (code, now) => {
      const recent = [...senders].filter(([, { at }]) => now - at < SURVIVED_MS);
      senders.clear();
      if (!blamesMessage(code)) return undefined;
      if (code !== CLOSE_CODE.tooBig) return recent.length === 1 ? recent[0]?.[0] : undefined;
      return recent.toSorted(([, a], [, b]) => b.largest - a.largest)[0]?.[0];
    },
    forget: (owner) => void senders.delete(owner),
  };
};
