import { describe, expect, test } from 'vitest';
import { SESSIONS_PATH } from '../../../server/api-routes.ts';
import { offerOf } from '../../../server/offer.ts';

const options = { dataDir: 'unused' };

describe('what the server offers a visitor', () => {
  test('is the demo account and the fault routes, where both exist', () => {
    expect(offerOf({ ...options, faultRoutes: true })).toEqual({
      demo: { username: 'demo', password: 'demo' },
      lab: true,
      sessions: SESSIONS_PATH,
    });
  });

  test('never names an account without the fault routes, which no public server has', () => {
    expect(offerOf(options)).toEqual({ lab: false, sessions: SESSIONS_PATH });
  });

  test('never names the sessions of another provider', () => {
    expect(offerOf({ ...options, issuer: 'https://id.example' }).sessions).toBeUndefined();
  });

  test('never names the account of another deployment', () => {
    expect(offerOf({ ...options, faultRoutes: true, accounts: [] })).toEqual({ lab: true, sessions: SESSIONS_PATH });
    expect(offerOf({ ...options, faultRoutes: true, issuer: 'https://id.example' })).toEqual({ lab: true });
  });
});
