import { Hono } from 'hono';
import type { Accounts } from './accounts.ts';
import { UNPROVEN, UNPROVEN_RETRY_SECONDS } from './authenticate.ts';
import type { DeviceCookies } from './device-cookies.ts';
import type { LoginRateLimit } from '../limits/login-rate-limit.ts';
import { isForeignPage, type Origins } from '../http/origins.ts';
import {
  oauthError,
  problemResponse,
  readJsonObject,
  tooManyAttempts,
  type Env,
  type Handler,
} from '../http/route-helpers.ts';
import { TICKET_SECONDS } from '../base/token-lifetimes.ts';
import { retryAfterSeconds, type AdmissionControl } from '../limits/admission-control.ts';
import type { PasswordTokens } from './password-tokens.ts';
import { clientAddress, setSubject } from '../http/request-context.ts';
import { object, string } from '../../src/protocol/schema/schema.ts';
import type { Stats } from '../base/stats.ts';
import type { CookieSessions } from './cookie-sessions.ts';
import type { Tickets } from './tickets.ts';

export type AuthRouteServices = {
  origins: Origins;
  accounts: Accounts;
  loginRateLimit: LoginRateLimit;
  deviceCookies: DeviceCookies;
  passwordTokens: PasswordTokens;
  cookieSessions: CookieSessions;
  tickets: Tickets;
  stats: Stats;
  signedIn: Handler;
  admissionControl: AdmissionControl;
  ticketQuota: Pick<AdmissionControl, 'admit'>;
};

const LOGIN_BODY = object({ username: string, password: string });
const REFRESH_BODY = object({ refresh_token: string });
const API_KEY_BODY = object({ apiKey: string });

/**
 * A sign-out clears the responses that the browser cached (https://w3c.github.io/webappsec-clear-site-data/). It keeps
 * `storage`, which holds the sign-out record and the revocations to come: see docs/decisions/0006.
 */
const SIGN_OUT_HEADERS = { 'clear-site-data': '"cache"' };

const retryLater = (status: 429 | 503, code: string, seconds: number): Response =>
  problemResponse(
    { status, code, detail: `Come back in ${seconds} s.` },
    // Clients that get the same second spread over it (src/protocol/timing/redial.ts).
    { 'retry-after': String(seconds) },
  );

/**
 * A browser can read the status of a ticket request, unlike that of a WebSocket handshake. 429: this person requests
 * too many tickets. 503: too many clients connect at once, and this one has a slot in `Retry-After` seconds.
 * Runs after `signedIn`.
 */
const limitTickets =
  ({ admissionControl, ticketQuota }: Pick<AuthRouteServices, 'admissionControl' | 'ticketQuota'>): Handler =>
  async (c, next) => {
    const { owner, session } = c.get('principal');
    // The quota counts by person, because one person can open any number of sessions.
    const quota = await ticketQuota.admit(owner);
    if (quota.type === 'later') return retryLater(429, 'rate-limited', Math.ceil(quota.ms / 1_000));
    const admission = await admissionControl.admit(`${owner} ${session}`);
    if (admission.type === 'later')
      return retryLater(503, 'over-capacity', retryAfterSeconds(admission.ms, Math.random()));
    return next();
  };

/**
 * Refuses pages of other origins where a route takes credentials, before an attempt counts. Any web page can
 * make its visitors send such requests, and would use up the attempts of their address.
 */
const ownPagesOnly =
  (origins: Origins): Handler =>
  async (c, next) => {
    if (!isForeignPage(c.env.incoming.headers, origins)) return next();
    const detail = 'A request with credentials must come from a page of this origin.';
    return problemResponse({ status: 403, code: 'cross-origin', detail });
  };

/** The sign-in method `password`: a JSON login that returns an access token and a refresh token. */
export const passwordRoutes = (services: AuthRouteServices): Hono<Env> => {
  const { accounts, loginRateLimit, deviceCookies, passwordTokens, stats } = services;
  return new Hono<Env>()
    .on('POST', ['/login', '/refresh', '/logout'], ownPagesOnly(services.origins))
    .post('/login', async (c) => {
      const login = LOGIN_BODY.read(await readJsonObject(c));
      if (!login) return oauthError('invalid_request', 'username and password are required');
      const { incoming } = c.env;
      const { username } = login;
      const attempt = await loginRateLimit.take({
        route: 'password',
        account: username,
        address: clientAddress(incoming),
        device: deviceCookies.supplyOf(incoming.headers, username),
      });
      if (attempt.type === 'limited') return tooManyAttempts(attempt.waitSeconds);
      const account = accounts.byPassword(username, login.password);
      if (!account) return oauthError('invalid_grant', 'wrong user name or password');
      attempt.succeeded();
      setSubject(incoming, username);
      c.header('set-cookie', deviceCookies.remember(incoming.headers, username));
      return c.json(await passwordTokens.start(account));
    })
    .post('/refresh', async (c) => {
      const body = REFRESH_BODY.read(await readJsonObject(c));
      if (!body) return oauthError('invalid_request', 'refresh_token is required');
      const answer = await passwordTokens.refresh(body.refresh_token);
      if (!answer) return oauthError('invalid_grant', 'the refresh token is not valid');
      stats.refreshGrants += 1;
      return c.json(answer);
    })
    .post('/logout', async (c) => {
      const body = REFRESH_BODY.read(await readJsonObject(c));
      const bearer = /^bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
      for (const token of [body?.refresh_token, bearer]) if (token !== undefined) await passwordTokens.revoke(token);
      return c.body(null, 204, SIGN_OUT_HEADERS);
    });
};

/** The sign-in method `ticket`: an API key for a session cookie, and a single-use token for each event stream. */
export const cookieSessionRoutes = (services: AuthRouteServices): Hono<Env> => {
  const { accounts, loginRateLimit, deviceCookies, cookieSessions, tickets } = services;
  return new Hono<Env>()
    .on('POST', ['/login', '/logout'], ownPagesOnly(services.origins))
    .post('/login', async (c) => {
      const body = API_KEY_BODY.read(await readJsonObject(c));
      if (!body) return problemResponse({ status: 400, code: 'bad-request', detail: 'apiKey is required.' });
      const { incoming } = c.env;
      const attempt = await loginRateLimit.take({
        route: 'api-key',
        address: clientAddress(incoming),
        device: deviceCookies.supplyOf(incoming.headers),
      });
      if (attempt.type === 'limited') return tooManyAttempts(attempt.waitSeconds);
      const account = accounts.byApiKey(body.apiKey);
      if (!account)
        return problemResponse({ status: 401, code: 'credentials-rejected', detail: 'The API key is not valid.' });
      attempt.succeeded();
      setSubject(incoming, account.username);
      for (const [name, value] of Object.entries(await cookieSessions.start(account, incoming.headers)))
        c.header(name, value);
      c.header('set-cookie', deviceCookies.remember(incoming.headers, account.username), { append: true });
      return c.json({ authenticated: true, user: { sub: account.username, name: account.name } });
    })
    .get('/status', async (c) => {
      const verdict = await cookieSessions.verify(c.env.incoming.headers);
      if (verdict.type === 'none') return c.json({ authenticated: false });
      if (verdict.type === 'unproven')
        return problemResponse(UNPROVEN, { 'retry-after': String(UNPROVEN_RETRY_SECONDS) });
      const { sub, name } = verdict.principal;
      setSubject(c.env.incoming, sub);
      return c.json({ authenticated: true, user: { sub, name }, deviceBound: verdict.isDeviceBound || undefined });
    })
    .get('/token', services.signedIn, limitTickets(services), async (c) => {
      const token = await tickets.mint('events', c.get('principal'), TICKET_SECONDS.events * 1000);
      return c.json({ token, expiresIn: TICKET_SECONDS.events });
    })
    .post('/logout', async (c) => {
      for (const cookie of await cookieSessions.revoke(c.env.incoming.headers))
        c.header('set-cookie', cookie, { append: true });
      return c.body(null, 204, SIGN_OUT_HEADERS);
    });
};

export const socketTicketRoute = (services: AuthRouteServices): Hono<Env> =>
  new Hono<Env>().post('/ticket', services.signedIn, limitTickets(services), async (c) => {
    const ticket = await services.tickets.mint('socket', c.get('principal'), TICKET_SECONDS.socket * 1000);
    return c.json({ ticket, expires_in: TICKET_SECONDS.socket });
  });
