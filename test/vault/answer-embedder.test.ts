import { expect, test } from 'vitest';
import type { KeeperApi } from '../../src/protocol/bridge/bridge.ts';
import { ok } from '../../src/protocol/problem.ts';
import { answerEmbedder } from '../../src/vault/answer-embedder.ts';

const CALLER = { embedder: 'https://app.example.com', path: '/keeper-vault.html' };

const setUp = () => {
  const calls: unknown[] = [];
  const method =
    (name: string) =>
    (...given: unknown[]) => {
      calls.push([name, ...given]);
      return Promise.resolve(ok(null as never));
    };
  const api: KeeperApi = {
    snapshot: method('snapshot'),
    signIn: method('signIn'),
    signOut: method('signOut'),
    nudge: method('nudge'),
    journal: method('journal'),
    publish: method('publish'),
    backup: method('backup'),
    restore: method('restore'),
    sessions: method('sessions'),
    showSession: method('showSession'),
    signOutSession: method('signOutSession'),
  };
  return { calls, send: (message: unknown) => answerEmbedder(api, message, CALLER) };
};

const apply = (path: unknown, ...values: unknown[]) => ({
  id: 'a1',
  type: 'APPLY',
  path,
  argumentList: values.map((value) => ({ type: 'RAW', value })),
});

test('passes a call on, and answers as comlink expects it', async () => {
  const { calls, send } = setUp();
  expect(await send(apply(['nudge'], 'user'))).toEqual({ id: 'a1', type: 'RAW', value: { ok: true, value: null } });
  expect(calls).toEqual([['nudge', 'user']]);
});

test.each([
  ['the sessions', 'sessions', []],
  ['a switch', 'showSession', ['work']],
  ['the sign-out of another session', 'signOutSession', ['work']],
])('passes a call for %s on', async (_name, method, values) => {
  const { calls, send } = setUp();
  await send(apply([method], ...values));
  expect(calls).toEqual([[method, ...values]]);
});

test('leads a sign-in at the provider back to the page by way of the vault', async () => {
  const { calls, send } = setUp();
  await send(apply(['signIn'], { kind: 'oidc', returnTo: 'https://app.example.com/inbox' }));
  expect(calls).toMatchObject([
    ['signIn', { kind: 'oidc', returnTo: '/keeper-vault.html?return=https%3A%2F%2Fapp.example.com%2Finbox' }],
  ]);
});

test.each([
  ['a password', { kind: 'password', username: 'ann', password: 'secret' }],
  ['an API key', { kind: 'ticket', apiKey: 'key' }],
  ['a sign-in of the site’s own', { kind: 'custom', credentials: { code: '1' } }],
])('refuses a sign-in with %s, which scripts of the page have seen', async (_name, intent) => {
  const { calls, send } = setUp();
  expect(await send(apply(['signIn'], intent))).toMatchObject({
    value: { ok: false, problem: { code: 'unsupported' } },
  });
  expect(calls).toEqual([]);
});

test('refuses what is no sign-in', async () => {
  expect(await setUp().send(apply(['signIn'], 7))).toMatchObject({ value: { problem: { code: 'bad-message' } } });
});

test.each([
  ['the sealed record', apply(['backup'])],
  ['a record to restore', apply(['restore'], 'x')],
  ['a constructor', apply(['snapshot', 'constructor'])],
  ['a prototype', apply(['__proto__'])],
  ['a property', { ...apply(['snapshot']), type: 'GET' }],
  ['a path that is no list', apply('snapshot')],
  ['no message', null],
])('answers nothing to a call for %s', async (_name, message) => {
  const { calls, send } = setUp();
  expect(await send(message)).toBeUndefined();
  expect(calls).toEqual([]);
});
