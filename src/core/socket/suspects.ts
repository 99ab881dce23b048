/*
 * Invariant 16: one message that a server refuses never stops another. A client sends some messages again after a lost
 * connection. If the server closes because of such a message, all tabs would lose their connection for ever. So what was
 * sent shortly before a close is a suspect. After two closes it goes out alone. If that connection closes too, the
 * message is the cause, and its sender gets the refusal. A close code that blames a message needs no second close.
 *
 * Deterministic: the same calls give the same results.
 */

/** Protocol error, unsupported data, invalid data, message too big (RFC 6455 §7.4.1). */
const BLAMING: readonly number[] = [1002, 1003, 1007, 1009];
/** The server goes away or is busy, or it rejects the user or the worker: no message causes these. */
const UNRELATED: readonly number[] = [1001, 1012, 1013, 4401, 4403, 4408, 4409, 4429];

/** Whether the server says with this close code that it does not accept a message. */
export const blamesMessage = (code: number): boolean => BLAMING.includes(code);

const ENOUGH_STRIKES = 2;
/** A message that a connection survived this long (ms) did not end it. */
export const SURVIVED_MS = 3_000;

/**
 * `proven`: a connection has survived it before. Where an unproven message is among the last ones, it is suspected first.
 * `unexplained`: closes with a code that blames no message. The network may have caused them, so one of them convicts
 * nothing that another close made a suspect. `byTime`: no answer has proven it, only that this connection lasts. A dead one
 * lasts too, until this side closes it, and proves nothing.
 */
type Entry = {
  strikes: number;
  unexplained: number;
  trials: number;
  sentAt: number | undefined;
  proven: boolean;
  byTime: boolean;
};

/** How many messages may have caused a close, and the one that caused it, if that is certain. */
export type Accusation = { accused: number; guilty: string | undefined };

const NOT_A_MESSAGE: Accusation = { accused: 0, guilty: undefined };

/** Messages by a key of the codec, from the first attempt to send them until the server answers or their sender goes. */
export type Suspects = {
  /** A message goes out alone, or waits for that. */
  readonly isBusy: boolean;
  /** Whether the message may go out now. If not, the codec asks again after `answered`, `passed` or `wake`. */
  maySend(key: string, now: number): boolean;
  sent(key: string, now: number): void;
  /** The server answered it, or its sender took it back. */
  forget(key: string): void;
  /** The server answered it, and it will be sent again on the next connection. */
  answered(key: string): void;
  /** The server answered a ping that followed everything sent so far. */
  passed(): void;
  /** The connection is closed. */
  closed(code: number, isLocal: boolean, now: number): Accusation;
  /** When `maySend` changes without an answer. `undefined` if nothing waits. */
  wakeAt(): number | undefined;
  clear(): void;
};

/** `blaming`: close codes of the protocol that blame a message, besides those of RFC 6455. */
export const createSuspects = (blaming: readonly number[] = []): Suspects => {
  const entries = new Map<string, Entry>();
  const waiting = new Set<string>();
  /** The message that goes out alone. */
  let trial: string | undefined;

  const entryOf = (key: string): Entry => {
    const blank = { strikes: 0, unexplained: 0, trials: 0, sentAt: undefined, proven: false, byTime: false };
    const entry = entries.get(key) ?? blank;
    entries.set(key, entry);
    return entry;
  };
  const isSuspect = (key: string): boolean => (entries.get(key)?.strikes ?? 0) >= ENOUGH_STRIKES;
  const inFlight = (): [string, Entry][] => [...entries].filter(([, { sentAt }]) => sentAt !== undefined);
  const isRecent = ({ sentAt = -Infinity }: Entry, now: number): boolean => now - sentAt < SURVIVED_MS;

  const settle = (key: string, entry: Entry, strikes: number): void => {
    Object.assign(entry, { strikes, sentAt: undefined });
    if (trial === key) trial = undefined;
  };

  const prove = (key: string, entry: Entry, byTime: boolean): void => {
    settle(key, entry, 0);
    Object.assign(entry, { unexplained: 0, proven: true, byTime });
  };

  const answered = (key: string): void => {
    const entry = entries.get(key);
    if (entry) prove(key, entry, false);
  };

  const settleSurvivors = (now: number): void => {
    for (const [key, entry] of inFlight()) if (!isRecent(entry, now)) prove(key, entry, entry.byTime || !entry.proven);
  };

  const isFree = (key: string): boolean => {
    if (trial !== undefined) return false;
    if (isSuspect(key)) return inFlight().length === 0;
    return ![...waiting].some(isSuspect);
  };

  const forget = (key: string): void => {
    entries.delete(key);
    waiting.delete(key);
    if (trial === key) trial = undefined;
  };

  return {
    get isBusy() {
      return trial !== undefined || waiting.size > 0;
    },
    maySend: (key, now) => {
      if (trial !== undefined || waiting.size > 0 || isSuspect(key)) settleSurvivors(now);
      if (isFree(key)) return true;
      waiting.add(key);
      return false;
    },
    sent: (key, now) => {
      waiting.delete(key);
      const entry = entryOf(key);
      entry.sentAt = now;
      if (!isSuspect(key)) return;
      entry.trials += 1;
      trial = key;
    },
    forget,
    answered,
    passed: () => {
      for (const entry of entries.values()) entry.byTime = false;
      for (const [key, entry] of inFlight()) {
        // Some servers close later than they answer the ping. A second trial lasts for its full time.
        if (entry.proven || (key === trial && entry.trials === 1)) settle(key, entry, entry.proven ? 0 : 1);
      }
    },
    closed: (code, isLocal, now) => {
      const isBlaming = blamesMessage(code) || blaming.includes(code);
      const sent = inFlight();
      const recent = sent.filter(([, entry]) => isRecent(entry, now));
      const last = isBlaming && recent.length === 0 ? sent : recent;
      const unproven = last.filter(([, { proven }]) => !proven);
      const accused = unproven.length > 0 ? unproven : last;
      const [first] = accused;
      // After a sleep, the close may be about a message that was sent long before the last one.
      const others = sent.filter(([, { proven }]) => !proven || unproven.length === 0);
      const isConvicted = isBlaming ? others.length === 1 : (first?.[1].unexplained ?? 0) >= ENOUGH_STRIKES;
      const isCertain = accused.length === 1 && isConvicted;
      trial = undefined;
      waiting.clear();
      for (const [, entry] of sent) entry.sentAt = undefined;
      for (const entry of entries.values()) {
        if (isLocal && entry.byTime) entry.proven = false;
        entry.byTime = false;
      }
      if (isLocal || (UNRELATED.includes(code) && !isBlaming)) return NOT_A_MESSAGE;
      for (const [, entry] of accused) {
        entry.strikes += isBlaming ? ENOUGH_STRIKES : 1;
        entry.unexplained += isBlaming ? 0 : 1;
      }
      if (first && isCertain) forget(first[0]);
      return { accused: accused.length, guilty: isCertain ? first?.[0] : undefined };
    },
    wakeAt: () => {
      if (waiting.size === 0) return undefined;
      const times = inFlight().map(([, { sentAt = 0 }]) => sentAt);
      return times.length > 0 ? Math.max(...times) + SURVIVED_MS : undefined;
    },
    clear: () => {
      entries.clear();
      waiting.clear();
      trial = undefined;
    },
  };
};
