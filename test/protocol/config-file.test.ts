import { describe, expect, test } from 'vitest';
import { configProblems, defineConfig } from '../../src/protocol/config-file/index.ts';
import { configProblemText } from '../../src/protocol/config-file/config-problems.ts';
import { keeperConfig } from '../../server/worker/keeper-config.ts';

const PASSWORD = { login: '/api/login', refresh: '/api/refresh', logout: '/api/logout' };
const CONFIG = { api: [{ origin: 'self', path: '/api/' }], whoami: '/api/me', signIn: { password: PASSWORD } };
const OIDC = { issuer: 'https://id.example', clientId: 'app', scope: 'openid', callback: '/callback' };

describe('a configuration file', () => {
  test('gets its defaults when nothing is wrong', () => {
    const { signIn, sockets } = defineConfig(CONFIG);
    expect(signIn.password?.reuseGraceMs).toBe(0);
    expect(sockets).toEqual([]);
  });

  test('takes a request as its address, or with more about it', () => {
    const login = { url: '/api/login', body: { mail: '{username}', key: '{password}' } };
    const { signIn } = defineConfig({ ...CONFIG, signIn: { password: { ...PASSWORD, login } } });
    expect(signIn.password?.login).toMatchObject(login);
  });

  test('has no problem when the server kit wrote it', () => {
    const kit = keeperConfig({ issuer: 'http://localhost:4174', clientId: 'a', scope: 'openid', embedded: true });
    expect(configProblems(kit)).toEqual([]);
  });

  test.each([
    [{ ...CONFIG, whoami: undefined }, 'config.whoami is missing. Write a string.'],
    [
      { ...CONFIG, whoami: 'api/me' },
      'config.whoami is "api/me". Write a path such as "/api/login", or a complete URL.',
    ],
    [{ ...CONFIG, api: [] }, 'config.api is []. Add a rule such as { origin: "self", path: "/api/" }.'],
    [
      { ...CONFIG, api: [{ origin: 'self', path: '/api' }] },
      'config.api[0].path is "/api". Write a slash at its end, such as "/api/".',
    ],
    [
      { ...CONFIG, api: [{ origin: 'https://api.example/v1', path: '/' }] },
      'config.api[0].origin is "https://api.example/v1". Write "self", or an origin such as "https://api.example" without a path.',
    ],
    [
      { ...CONFIG, api: [{ origin: 'self', path: '/api/', media: '/api/' }] },
      'config.api[0].media is "/api/". Write an array.',
    ],
    [
      { ...CONFIG, signIn: { oidc: OIDC }, api: [...CONFIG.api, { origin: 'self', path: '/o/', resource: 'orders' }] },
      'config.api[1].resource is "orders". Write an absolute URI without a fragment, such as "https://orders.example/".',
    ],
    [
      { ...CONFIG, signIn: { oidc: OIDC }, api: [{ origin: 'self', path: '/api/', scope: 'api://x/.default' }] },
      'config.api[0].scope is "api://x/.default". Put a rule without it in front, for the path of config.whoami.',
    ],
    [
      { ...CONFIG, api: [...CONFIG.api, { origin: 'self', path: '/o/', audience: 'orders' }] },
      'config.api[1].audience is "orders". Remove it. Only sign-in with a provider (oidc) has tokens for it.',
    ],
    [{ ...CONFIG, signIn: {} }, 'config.signIn is {}. Add one sign-in method: oidc, password or ticket.'],
    [
      { ...CONFIG, signIn: { oidc: { ...OIDC, dpop: 'yes' } } },
      'config.signIn.oidc.dpop is "yes". Write one of "auto", "off", "required".',
    ],
    [
      { ...CONFIG, signIn: { oidc: { ...OIDC, issuer: 'http://id.example' } } },
      'config.signIn.oidc.issuer is "http://id.example". Write the https URL of the provider, as its metadata has it in "issuer".',
    ],
    [
      { ...CONFIG, signIn: { ticket: { login: '/a', stauts: '/b', status: '/b', logout: '/c' } } },
      'config.signIn.ticket.stauts is "/b". Remove it. The fields here are login, status, logout, callback, csrf.',
    ],
    [
      { ...CONFIG, sockets: [{ url: '/s', codec: 'keeper.1', ticket: { url: '/t' }, signedOutCode: 10 }] },
      'config.sockets[0].signedOutCode is 10. Write a number from 1000 to 4999.',
    ],
    [
      { ...CONFIG, signIn: { password: { ...PASSWORD, login: { url: '/api/login', method: 'PSOT' } } } },
      'config.signIn.password.login.method is "PSOT". Write one of "GET", "POST", "PUT", "PATCH", "DELETE".',
    ],
    [
      { ...CONFIG, signIn: { password: { ...PASSWORD, login: 7 } } },
      'config.signIn.password.login is 7. Write a string. Or: Write an object.',
    ],
    ['text', 'config is "text". Write an object.'],
  ])('names field, value and cure in %j', (config, sentence) => {
    expect(configProblems(config).map(configProblemText)).toContain(sentence);
  });

  test('names the right spelling when a name has other letters', () => {
    const [problem] = configProblems({ ...CONFIG, Whoami: '/x' });
    expect(problem?.cure).toMatch(/^Write "whoami"\./);
  });

  test('throws one error with every problem', () => {
    const broken = { ...CONFIG, whoami: 'me', api: [] };
    expect(() => defineConfig(broken)).toThrow(/whoami is "me".*\n.*config\.api is \[\]/);
  });
});
