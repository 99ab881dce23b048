import { describe, expect, test } from 'vitest';
import type { ClockNotice } from '../../../server/base/steady-clock.ts';
import { createSteadyClock } from '../../../server/base/steady-clock.ts';

const START = Date.UTC(2026, 10, 1);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A machine: `pass` lets time pass, `set` moves its wall clock, `sleep` stops the monotonic clock too. */
const createMachine = (lastSeen?: number) => {
  let [wall, monotonic, boot] = [START, 5_000, 9_000_000];
  const notices: ClockNotice[] = [];
  const clock = createSteadyClock({
    wall: () => wall,
    monotonic: () => monotonic,
    sinceBoot: () => boot,
    lastSeen,
    onNotice: (notice) => notices.push(notice),
  });
  const pass = (ms: number): void => void ((wall += ms), (monotonic += ms), (boot += ms));
  const sleep = (ms: number): void => void ((wall += ms), (boot += ms));
  const set = (byMs: number): void => void (wall += byMs);
  return { clock, notices, pass, sleep, set, wall: () => wall };
};

describe('the steady clock', () => {
  test('is the system clock while that does not jump, through sleep and small corrections', () => {
    const { clock, notices, pass, sleep, set, wall } = createMachine(START - DAY);
    for (const step of [() => pass(HOUR), () => sleep(9 * HOUR), () => set(1_500), () => set(-1_500), () => pass(1)]) {
      step();
      expect(clock.now()).toBe(wall());
    }
    expect(clock.offsetMs()).toBe(0);
    expect(notices).toEqual([]);
  });

  test.each([-HOUR, YEAR, -YEAR, 10_000])('goes on by itself when the system clock jumps by %d ms', (byMs) => {
    const { clock, notices, pass, set } = createMachine();
    pass(1_000);
    set(byMs);
    expect(clock.now()).toBe(START + 1_000);
    pass(70_000);
    expect(clock.now()).toBe(START + 71_000);
    expect(clock.offsetMs()).toBe(-byMs);
    expect(notices).toEqual([{ type: 'clock-jumped', byMs }]);
    set(-byMs);
    expect(clock.now()).toBe(START + 71_000);
    expect(clock.offsetMs()).toBe(0);
  });

  test('corrects for a jump during sleep', () => {
    const { clock, sleep, set } = createMachine();
    sleep(8 * HOUR);
    set(YEAR);
    expect(clock.now()).toBe(START + 8 * HOUR);
  });

  test.each([
    ['a year ahead', -YEAR],
    ['an hour behind', HOUR],
  ])('goes on from the time that it was last seen when the machine starts %s of it', (_title, aheadMs) => {
    const { clock, notices } = createMachine(START + aheadMs);
    expect(clock.now()).toBe(START + aheadMs);
    expect(notices).toEqual([{ type: 'clock-jumped', byMs: -aheadMs }]);
  });

  test('takes a jump that lasts a day for the right time, and says so', () => {
    const { clock, notices, pass, set, wall } = createMachine();
    set(3 * DAY);
    clock.now();
    pass(DAY + 1);
    expect(clock.now()).toBe(wall());
    expect(notices.at(-1)).toEqual({ type: 'clock-adopted', byMs: 3 * DAY });
  });
});
