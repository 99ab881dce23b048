import { expect, test } from 'vitest';
import { KEEPER_CONFIG } from '../../src/protocol/config.ts';
import { droppedOf } from '../../src/protocol/schema/dropped.ts';
import { misfitOf } from '../../src/protocol/schema/misfit.ts';

const CONFIG = { api: [{ origin: 'self', path: '/api/' }], whoami: '/api/me', signIn: {}, sockets: [] };

test('finds nothing wrong with a complete configuration, with or without its defaults [config-complete]', () => {
  expect(misfitOf(KEEPER_CONFIG, CONFIG, 'config')).toBeUndefined();
  expect(misfitOf(KEEPER_CONFIG, { ...CONFIG, sockets: undefined }, 'config')).toBeUndefined();
});

test.each([
  [{ ...CONFIG, whoami: undefined }, 'config.whoami is nothing, and should be a string.'],
  [{ ...CONFIG, signIn: undefined }, 'config.signIn is nothing, and should be an object.'],
  [{ ...CONFIG, api: ['/api/'] }, 'config.api[0] is "/api/", and should be an object.'],
  [
    { ...CONFIG, api: [{ origin: 'self' }] },
    'config.api[0].path is nothing, and should be a path that begins with "/".',
  ],
  [
    { ...CONFIG, api: [{ origin: 'self', path: 'api' }] },
    'config.api[0].path is "api", and should be a path that begins with "/".',
  ],
  [undefined, 'config is nothing, and should be an object.'],
])('names the field, what was found and what was expected: %j [config-misfit]', (value, sentence) => {
  expect(misfitOf(KEEPER_CONFIG, value, 'config')).toBe(sentence);
});

test('names an optional part that is left out because it is not complete [config-dropped]', () => {
  const signIn = { oidc: { issuer: 'https://id.example', clientId: 'app' } };
  expect(droppedOf(KEEPER_CONFIG, { ...CONFIG, signIn }, 'config')).toBe(
    'config.signIn.oidc.callback is nothing, and should be a string.',
  );
  expect(droppedOf(KEEPER_CONFIG, CONFIG, 'config')).toBeUndefined();
});
