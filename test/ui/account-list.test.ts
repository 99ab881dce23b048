import { expect, test } from 'vitest';
import type { NamedSession } from '../../src/protocol/bridge/calls.ts';
import type { SessionView } from '../../src/protocol/snapshot.ts';
import { accountsOf, nextName, numberOf, withoutEnded } from '../../src/ui/account/account-list.ts';

const named = (name: string, session: SessionView): NamedSession => ({ name, shown: false, session });
const active = (sub: string): SessionView => ({ state: 'active', kind: 'password', user: { sub } });
const left: SessionView = { state: 'signed-out', reason: 'user' };
const ended: SessionView = { state: 'signed-out', reason: 'expired' };

test('lists who is signed in, the account of this tab, and those that the server ended', () => {
  const sessions = [named('', active('ann')), named('b', left), named('c', ended), named('d', { state: 'starting' })];
  expect(accountsOf(sessions, 'b').map(({ name, user, isHere, isEnded }) => [name, user, isHere, isEnded])).toEqual([
    ['', 'ann', false, false],
    ['b', undefined, true, false],
    ['c', undefined, false, true],
    ['d', undefined, false, false],
  ]);
  expect(accountsOf(sessions, '').map(({ name }) => name)).toEqual(['', 'c', 'd']);
});

test('takes a free place for the next account, and else a name that is not used', () => {
  expect(nextName([named('', active('ann'))], '')).toBe('account-2');
  expect(nextName([named('', active('ann')), named('b', left)], '')).toBe('b');
  expect(nextName([named('', left), named('account-2', active('bob'))], 'account-2')).toBe('');
  const full = [named('', active('ann')), named('account-2', ended), named('account-3', active('cy'))];
  expect(nextName(full, '')).toBe('account-4');
  // The place of this tab is free, and it is where the person is already.
  expect(nextName([named('', left)], '')).toBe('account-2');
});

test('counts no messages in a session that has ended, or that the person has left', () => {
  const counts = new Map([
    ['', 2],
    ['b', 3],
    ['c', 4],
    ['d', 5],
  ]);
  const sessions = [named('', active('ann')), named('b', left), named('c', ended), named('d', { state: 'starting' })];
  expect([...withoutEnded(counts, sessions)]).toEqual([
    ['', 2],
    ['d', 5],
  ]);
  expect(withoutEnded(counts, sessions.slice(0, 1))).toBe(counts);
});

test('knows the number in a name that it has made, and no other', () => {
  expect(numberOf(nextName([named('', active('ann'))], ''))).toBe(2);
  expect(['', 'work', 'account-', 'account-x', 'my-account-2'].map(numberOf)).toEqual(Array(5).fill(undefined));
});
