import { describe, expect, test } from 'vitest';
import {
  NO_SESSIONS,
  sessionOfRequest,
  stepNamedSessions,
  type NamedSessions,
  type NamedSessionsEvent,
} from '../../src/core/named-sessions/named-sessions.ts';

/* Each rule by example. Random histories are in test/host/named-sessions. */

const attached = (tab: string, more: Partial<NamedSessionsEvent & { type: 'attached' }> = {}): NamedSessionsEvent => ({
  ...{ type: 'attached', tab, client: `client of ${tab}`, session: undefined, follows: true },
  ...more,
});
const stateAfter = (...events: readonly NamedSessionsEvent[]): NamedSessions =>
  events.reduce((state, event) => stepNamedSessions(state, event).state, NO_SESSIONS);
const effectsOf = (last: NamedSessionsEvent, ...before: readonly NamedSessionsEvent[]) =>
  stepNamedSessions(stateAfter(...before), last).effects;

const SAVE = { type: 'save', shown: false };
const leave = (session: string, tab: string) => ({ type: 'leave', session, tab });
const abort = (tab: string) => ({ type: 'abort', client: `client of ${tab}` });
const switchOf = (session: string, tab: string) => ({ type: 'switch', session, tab });
const show = (session: string): NamedSessionsEvent => ({ type: 'shown', session });

describe('a tab attaches', () => {
  test('to the session that is shown, and its document is saved', () => {
    expect(stateAfter(show('b'), attached('t'))).toEqual({
      shown: 'b',
      names: ['', 'b'],
      tabs: { t: { session: 'b', follows: true, client: 'client of t' } },
      clients: { 'client of t': 'b' },
    });
    expect(effectsOf(attached('t'))).toEqual([SAVE]);
  });

  test('to the session that it names, which is new here', () => {
    const own = attached('t', { session: 'c', follows: false });
    expect(stateAfter(own)).toMatchObject({
      shown: '',
      names: ['', 'c'],
      tabs: { t: { session: 'c', follows: false } },
    });
    expect(effectsOf(own)).toEqual([SAVE]);
  });

  test('again without a change, and nothing is written', () =>
    expect(effectsOf(attached('t'), attached('t'))).toEqual([]));

  test('to another session: the former one forgets it, and its requests end', () =>
    expect(effectsOf(attached('t', { session: 'c' }), attached('t'))).toEqual([leave('', 't'), abort('t'), SAVE]));

  test('to another session, which is known: only the document is written', () =>
    expect(effectsOf(attached('t', { session: 'b' }), show('b'), show(''), attached('t'))).toEqual([
      ...[leave('', 't'), abort('t'), SAVE],
    ]));

  test('with a document that a restarted worker knows from the disk', () => {
    const read: NamedSessionsEvent = { type: 'read', shown: '', names: [], clients: { 'client of t': 'b' } };
    expect(effectsOf(attached('t'), read)).toEqual([abort('t'), SAVE]);
    expect(effectsOf(attached('t', { session: 'b' }), read)).toEqual([SAVE]);
    const known: NamedSessionsEvent = { ...read, names: ['b'] };
    expect(effectsOf(attached('t', { session: 'b' }), known)).toEqual([]);
  });

  test('with a document whose session moved while its tab was away', () => {
    const other = attached('u', { client: 'client of t', session: 'b' });
    expect(effectsOf(attached('t'), attached('t'), other)).toEqual([abort('t'), SAVE]);
    expect(effectsOf(attached('t', { client: 'new document', session: 'b' }), attached('t'))).toEqual([
      ...[leave('', 't'), { type: 'abort', client: 'new document' }, SAVE],
    ]);
  });

  test('without a document: no request can be ended, and only a new name is written', () => {
    const bare = { client: undefined };
    expect(effectsOf(attached('t', bare))).toEqual([]);
    expect(effectsOf(attached('t', { ...bare, session: 'b' }), attached('t', bare))).toEqual([leave('', 't'), SAVE]);
    expect(stateAfter(attached('t', bare)).clients).toEqual({});
  });
});

describe('another session is shown', () => {
  test('and all tabs without a name of their own follow', () => {
    const before = [attached('t'), attached('u', { session: 'c', follows: false }), attached('v', { session: 'b' })];
    expect(effectsOf(show('b'), ...before)).toEqual([{ type: 'save', shown: true }, switchOf('', 't')]);
    expect(stateAfter(...before, show('b')).tabs['t']?.session).toBe('');
  });

  test('by another worker: the names and documents of both count', () => {
    const read: NamedSessionsEvent = {
      type: 'read',
      ...{ shown: 'b', names: ['', 'c'], clients: { 'client of t': 'c', other: 'c' } },
    };
    expect(effectsOf(read, attached('t'))).toEqual([switchOf('', 't')]);
    expect(stateAfter(attached('t'), read)).toMatchObject({
      ...{ shown: 'b', names: ['', 'c', 'b'], clients: { 'client of t': '', other: 'c' } },
    });
    const empty: NamedSessionsEvent = { type: 'read', shown: '', names: ['c'], clients: {} };
    expect(stepNamedSessions({ ...NO_SESSIONS, names: [] }, empty).state.names).toEqual(['', 'c']);
  });
});

describe('tabs and documents end', () => {
  test('a tab that left is forgotten, and its document is not', () => {
    const state = stateAfter(attached('t'), attached('u'), { type: 'left', tab: 't' });
    expect(Object.keys(state.tabs)).toEqual(['u']);
    expect(Object.keys(state.clients)).toEqual(['client of t', 'client of u']);
    expect(effectsOf({ type: 'left', tab: 't' }, attached('t'))).toEqual([]);
  });

  test('documents that are gone are forgotten on the disk too', () => {
    const living: NamedSessionsEvent = { type: 'living', clients: ['client of u', 'unknown'] };
    expect(stateAfter(attached('t'), attached('u'), living).clients).toEqual({ 'client of u': '' });
    expect(effectsOf(living, attached('t'), attached('u'))).toEqual([SAVE]);
    expect(effectsOf(living, attached('u'))).toEqual([]);
  });
});

describe('a request', () => {
  const state = stateAfter(show('shown'), attached('t', { session: 'attached' }));
  const client = 'client of t';
  test.each([
    [
      { rule: 'r', header: 'h', client, page: 'p' },
      { session: 'r', ofTab: false },
    ],
    [
      { header: 'h', client, page: 'p' },
      { session: 'h', ofTab: false },
    ],
    [
      { client, page: 'p' },
      { session: 'attached', ofTab: true },
    ],
    [
      { client: 'unknown', page: 'p' },
      { session: 'p', ofTab: true },
    ],
    [{ page: 'p' }, { session: 'p', ofTab: true }],
    [{}, { session: 'shown', ofTab: true }],
  ])('with %j belongs to %j', (origin, session) => expect(sessionOfRequest(state, origin)).toEqual(session));

  test('without a document takes none from a document that has no name', () => {
    const odd = { ...state, clients: { undefined: 'wrong' } };
    expect(sessionOfRequest(odd, {})).toEqual({ session: 'shown', ofTab: true });
  });
});
