import { DEMO_ACCOUNT } from './auth/accounts.ts';
import { SESSIONS_PATH } from './api-routes.ts';
import type { Offer } from '../src/protocol/http/offer.ts';
import type { ServerOptions } from './server-options.ts';

/**
 * The answer of `GET /offer.json`. An account of another server than this one, or with another password, is not offered. The
 * sessions of another provider are not known here.
 */
export const offerOf = ({ faultRoutes, accounts, issuer }: ServerOptions): Offer => {
  const isDemo = accounts === undefined && issuer === undefined;
  const sessions = issuer === undefined ? SESSIONS_PATH : undefined;
  if (!faultRoutes || !isDemo) return { lab: faultRoutes === true, sessions };
  const { username, password } = DEMO_ACCOUNT;
  return { demo: { username, password }, lab: true, sessions };
};
