import { expect, it } from 'vitest';
import type { JournalEntry } from '../../../src/protocol/bridge/calls.ts';
import { leadingTo, type StoryEnd } from '../../../src/ui/view/explanation-history.ts';

const NOW = 1_800_000_000_000;
const at = (ago: number, machine: string, what: string): JournalEntry => ({
  at: NOW - ago * 1000,
  worker: 'w',
  machine,
  what,
});
const shown = (entries: readonly JournalEntry[], to: StoryEnd): string[] =>
  leadingTo(entries, to, NOW).map(({ what }) => what);

it('lists the minute before the last end, without later entries and internal steps', () => {
  const entries = [
    at(300, 'state', 'signed-out'),
    at(170, 'network', 'down'),
    at(150, 'network', 'up'),
    at(110, 'session', '→ refresh'),
    at(101, 'session', 'grant-failed'),
    at(100, 'state', 'signed-out'),
    at(3, 'tabs', '2'),
  ];
  expect(shown(entries, 'end')).toEqual(['up', 'grant-failed', 'signed-out']);
});

it('lists the last minute while the trouble lasts', () => {
  expect(shown([at(61, 'network', 'down'), at(60, 'state', 'degraded'), at(0, 'tabs', '1')], 'trouble')).toEqual([
    'degraded',
    '1',
  ]);
});

it('lists the last ten of many entries, and none of an empty journal', () => {
  expect(
    shown(
      Array.from({ length: 30 }, (_, n) => at(30 - n, 'tabs', String(n))),
      'trouble',
    ),
  ).toEqual(Array.from({ length: 10 }, (_, n) => String(n + 20)));
  expect(shown([], 'end')).toEqual([]);
});

it('lists a sign-in that failed after the end, beside what led to that end [sign-in-in-minute]', () => {
  const entries = [
    at(400, 'tabs', '1'),
    at(310, 'session', 'grant-failed'),
    at(300, 'state', 'signed-out'),
    at(200, 'tabs', '2'),
    at(12, 'network', 'up'),
    at(10, 'session', 'sign-in-failed'),
    at(3, 'tabs', '3'),
  ];
  expect(shown(entries, 'sign-in')).toEqual(['grant-failed', 'signed-out', 'up', 'sign-in-failed']);
  expect(shown(entries, 'end')).toEqual(['grant-failed', 'signed-out']);
});
