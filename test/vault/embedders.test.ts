import { expect, test } from 'vitest';
import { returnAddress, returnPath } from '../../src/vault/embedders.ts';

const APP = 'https://app.example.com';

test.each([
  ['a page of it', `${APP}/a?b=1#c`, `${APP}/a?b=1#c`],
  ['its name with a user', `https://app.example.com@evil.example/`, undefined],
  ['a longer name', 'https://app.example.com.evil.example/', undefined],
  ['another port', 'https://app.example.com:8443/', undefined],
  ['another scheme', 'http://app.example.com/', undefined],
  ['a script', 'javascript:alert(1)', undefined],
  ['a Blob of it', `blob:${APP}/0f2c`, undefined],
  ['a user and a password for it', 'https://user:word@app.example.com/', undefined],
  ['a path', '/a', undefined],
  ['two slashes', '//app.example.com/', undefined],
  ['nothing', null, undefined],
])('leads back from the vault to a listed origin: %s', (_name, address, expected) => {
  expect(returnAddress(address, [APP])).toBe(expected);
});

test('leads a sign-in that names another place to the page’s own origin', () => {
  expect(returnPath('/keeper-vault.html', `${APP}/a?b=1`, APP)).toBe(
    '/keeper-vault.html?return=https%3A%2F%2Fapp.example.com%2Fa%3Fb%3D1',
  );
  expect(returnPath('/keeper-vault.html', 'https://evil.example/', APP)).toBe(
    '/keeper-vault.html?return=https%3A%2F%2Fapp.example.com',
  );
});
