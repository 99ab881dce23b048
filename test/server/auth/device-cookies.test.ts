import { describe, expect, test } from 'vitest';
import { keyringOf } from '../../../server/storage/lmdb-secrets.ts';
import { createDeviceCookies } from '../../../server/auth/device-cookies.ts';

const cookies = createDeviceCookies(keyringOf(Buffer.alloc(32, 1)));
const LOOPBACK = { host: 'localhost:4173' };

/** The headers of a browser after it stored this `Set-Cookie`. */
const stored = (setCookie: string) => ({ ...LOOPBACK, cookie: setCookie.split(';')[0] ?? '' });
const after = (...accounts: readonly string[]) =>
  accounts.reduce<{ host: string; cookie?: string }>(
    (headers, account) => stored(cookies.remember(headers, account)),
    LOOPBACK,
  );

describe('the device cookie', () => {
  test('gives a supply to the account that signed in, and to no other', () => {
    const headers = after('ann');
    expect(cookies.supplyOf(headers, 'ann')).toMatch(/^[\w-]{22}$/);
    expect(cookies.supplyOf(headers, 'bob')).toBeUndefined();
    expect(cookies.supplyOf(LOOPBACK, 'ann')).toBeUndefined();
  });

  test('keeps the accounts of a shared browser, up to five', () => {
    const people = ['ann', 'bob', 'cem', 'dan', 'eve', 'fay'];
    const headers = after(...people);
    expect(people.map((name) => cookies.supplyOf(headers, name) !== undefined)).toEqual([
      false,
      ...Array.from({ length: 5 }, () => true),
    ]);
    expect(cookies.supplyOf(headers, 'bob')).toBe(cookies.supplyOf(headers, 'fay'));
  });

  test('gives one supply for secrets without an account, however often the same person signs in', () => {
    expect(cookies.supplyOf(after('ann'))).toBe(cookies.supplyOf(after('ann')));
    expect(cookies.supplyOf(after('ann'))).not.toBe(cookies.supplyOf(after('bob')));
    expect(cookies.supplyOf(LOOPBACK)).toBeUndefined();
  });

  test('does not count when it is changed, cut, or signed with another key', () => {
    const { cookie = '' } = after('ann');
    const [name, value = ''] = cookie.split('=');
    const other = createDeviceCookies(keyringOf(Buffer.alloc(32, 2))).remember(LOOPBACK, 'ann');
    for (const forged of [value.replace('.', 'x.'), value.slice(0, -1), value.split('.')[0], '', '.'])
      expect(cookies.supplyOf({ ...LOOPBACK, cookie: `${name}=${forged}` }, 'ann')).toBeUndefined();
    expect(cookies.supplyOf(stored(other), 'ann')).toBeUndefined();
  });

  test('is for this host only, and out of reach of scripts, where the browser allows it', () => {
    expect(cookies.remember(LOOPBACK, 'ann')).toMatch(
      /^__Host-keeper-device=[\w.-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict; Secure$/,
    );
    expect(cookies.remember({ host: '192.0.2.1:4173' }, 'ann')).toMatch(/^keeper-device=.*SameSite=Strict$/);
  });
});
