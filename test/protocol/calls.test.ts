import { expect, test } from 'vitest';
import { parseSignInIntent } from '../../src/protocol/bridge/calls.ts';

test('reads a sign-in by ticket with what its login takes', () => {
  for (const intent of [
    { kind: 'ticket' },
    { kind: 'ticket', apiKey: 'k' },
    { kind: 'ticket', username: 'a', password: 'b' },
  ])
    expect(parseSignInIntent(intent)).toMatchObject(intent);
});

test('refuses a sign-in whose credential does not fit, and does not leave it out', () => {
  for (const wrong of [{ apiKey: 'x'.repeat(10_000) }, { apiKey: '' }, { username: 1 }, { password: ['demo'] }])
    expect(parseSignInIntent({ kind: 'ticket', ...wrong })).toBeUndefined();
});
