import { describe, expect, test } from 'vitest';
import { deploymentOfConfig, parseDeployment } from '../../cli/doctor/site/deployment.ts';
import { keeperConfig } from '../../server/worker/keeper-config.ts';
import { INJECTED_CONFIG, KEEPER_CONFIG } from '../../src/protocol/config.ts';

const CONFIG = keeperConfig({
  issuer: 'https://id.example',
  clientId: 'app',
  scope: 'openid',
  embedded: false,
  logout: 'provider',
});
const SEAL = { id: 'a', secret: 's', former: [{ id: 'b', secret: 't' }] };
const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('the configuration', () => {
  test('reads what the server kit writes, with every field', () => {
    const injected = { config: CONFIG, seal: SEAL, document: { 'x-frame-options': 'DENY' } };
    expect(INJECTED_CONFIG.read(throughJson(injected))).toEqual(injected);
    expect(KEEPER_CONFIG.read(throughJson(CONFIG))).toEqual(CONFIG);
  });

  test('fills in what version 1 allows a deployment to leave out', () => {
    const { oidc } = KEEPER_CONFIG.read({
      api: [{ origin: 'self', path: '/api/' }],
      whoami: '/whoami',
      signIn: { oidc: { issuer: 'https://id.example', clientId: 'app', scope: 'openid', callback: '/callback' } },
    })!.signIn;
    expect(oidc).toMatchObject({ reuseGraceMs: 0 });
    const [socket] = KEEPER_CONFIG.read({
      ...CONFIG,
      sockets: [{ url: '/socket', codec: 'keeper.1', ticket: { url: '/ticket' } }],
    })!.sockets;
    expect(socket?.ticket).toEqual({ url: '/ticket', method: 'POST', carry: 'protocol' });
    expect(KEEPER_CONFIG.read({ ...CONFIG, sockets: undefined })?.sockets).toEqual([]);
  });

  test('leaves out a sign-in method that is not complete, and a path that is no string', () => {
    const config = KEEPER_CONFIG.read({
      ...CONFIG,
      api: [{ origin: 'self', path: '/api/', media: ['/api/media/', 1], redirects: 'none' }],
      signIn: { ...CONFIG.signIn, password: { refresh: '/refresh' } },
    });
    expect(config?.api).toEqual([{ origin: 'self', path: '/api/', media: ['/api/media/'], redirects: undefined }]);
    expect(config?.signIn).toEqual({ ...CONFIG.signIn, password: undefined });
  });

  test.each([
    ['no object', []],
    ['no api', { ...CONFIG, api: undefined }],
    ['an API rule without a path', { ...CONFIG, api: [{ origin: 'self' }] }],
    ['no whoami', { ...CONFIG, whoami: 1 }],
    ['no sign-in', { ...CONFIG, signIn: undefined }],
    ['sockets that are no list', { ...CONFIG, sockets: {} }],
    ['a socket without a ticket', { ...CONFIG, sockets: [{ url: '/socket', codec: 'keeper.1' }] }],
  ])('is rejected with %s, by the page and by the doctor', (_name, value) => {
    expect(KEEPER_CONFIG.read(value)).toBeUndefined();
    expect(parseDeployment(`self.__SESSION_KEEPER__ = ${JSON.stringify({ config: value })};`)).toBeUndefined();
  });

  test('is what the doctor reads in the first line of a script, without the seal', () => {
    const line = `self.__SESSION_KEEPER__ = ${JSON.stringify({ config: CONFIG, seal: SEAL })};`;
    const deployment = parseDeployment(`${line}\nself.x = 1;`);
    expect(deployment).toEqual({
      whoami: CONFIG.whoami,
      oidc: CONFIG.signIn.oidc,
      password: CONFIG.signIn.password,
      ticket: CONFIG.signIn.ticket,
      sockets: CONFIG.sockets,
      sealed: true,
    });
    expect(deploymentOfConfig(CONFIG)).toEqual({ ...deployment, sealed: false });
  });
});
