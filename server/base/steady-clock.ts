import { uptime } from 'node:os';

/** What the operator must know about the system's clock. `byMs`: how far it moved; negative: back. */
export type ClockNotice = { type: 'clock-jumped' | 'clock-adopted'; byMs: number };

/**
 * The time for lifetimes and graces, in ms since the Unix epoch. It is the system's time until that jumps. Then it goes on
 * by the monotonic clock, so that a wrong system time ends no session.
 */
export type SteadyClock = {
  now(): number;
  /** Difference to the system's time; 0 unless that has jumped. */
  offsetMs(): number;
};

export type SteadyClockOptions = {
  /** The system's time, in ms since the Unix epoch. */
  wall: () => number;
  /** A clock that never jumps. It may stand still while the machine sleeps. */
  monotonic?: () => number;
  /** Time since the machine started, with its sleep (`CLOCK_BOOTTIME`, https://man7.org/linux/man-pages/man2/clock_gettime.2.html). */
  sinceBoot?: () => number;
  /** When the last server of this data folder wrote to it. */
  lastSeen?: number | undefined;
  onNotice?: ((notice: ClockNotice) => void) | undefined;
};

/** Time synchronization steps up to this are no jump. NTP slews smaller differences (ntpd: up to 0.128 s). */
const STEP_MS = 2_000;
/** A server may be off for this long. Beyond it, a wrong clock is as likely: a year ahead would end every session. */
const MAX_OFF_MS = 7 * 24 * 60 * 60 * 1000;
/** A jump that lasts this long is the right time: an operator has set the clock, or a virtual machine was resumed. */
const ADOPT_AFTER_MS = 24 * 60 * 60 * 1000;

export const createSteadyClock = ({
  wall,
  monotonic = () => performance.now(),
  sinceBoot = () => uptime() * 1000,
  lastSeen,
  onNotice,
}: SteadyClockOptions): SteadyClock => {
  let anchor = { wall: wall(), monotonic: monotonic() };
  let awake = { boot: sinceBoot(), monotonic: anchor.monotonic };
  let offsetMs = 0;
  let jumpedAt = anchor.monotonic;

  const jump = (byMs: number): void => {
    jumpedAt = anchor.monotonic;
    offsetMs -= byMs;
    // The system's time is back where it belongs.
    if (Math.abs(offsetMs) <= STEP_MS) offsetMs = 0;
    onNotice?.({ type: 'clock-jumped', byMs });
  };

  const sleptMs = (): number => sinceBoot() - awake.boot - (monotonic() - awake.monotonic);

  const follow = (): void => {
    const next = { wall: wall(), monotonic: monotonic() };
    const movedMs = next.wall - anchor.wall - (next.monotonic - anchor.monotonic);
    anchor = next;
    if (Math.abs(movedMs) > STEP_MS) {
      const slept = sleptMs();
      awake = { boot: sinceBoot(), monotonic: next.monotonic };
      const byMs = slept > STEP_MS ? movedMs - slept : movedMs;
      if (Math.abs(byMs) > STEP_MS) jump(byMs);
    }
    if (offsetMs !== 0 && next.monotonic - jumpedAt > ADOPT_AFTER_MS) {
      onNotice?.({ type: 'clock-adopted', byMs: -offsetMs });
      offsetMs = 0;
    }
  };

  if (lastSeen !== undefined) {
    const offMs = anchor.wall - lastSeen;
    if (offMs < -STEP_MS || offMs > MAX_OFF_MS) jump(offMs);
  }
  return {
    now() {
      follow();
      return anchor.wall + offsetMs;
    },
    offsetMs() {
      follow();
      return offsetMs;
    },
  };
};
