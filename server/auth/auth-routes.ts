import { Hono } from 'hono';
import type { Accounts } from './accounts.ts';
import type { LoginRateLimit } from './login-rate-limit.ts';
import { isOwnPage, type Origins } from '../http/origins.ts';
import {
  oauthError,
  problemResponse,
  readJsonObject,
  tooManyAttempts,
  type Ctx,
  type Env,
  type Handler,
} from '../http/http.ts';
import { TICKET_SECONDS } from '../base/token-lifetimes.ts';
import { retryAfterSeconds, type AdmissionControl } from '../http/admission-control.ts';
import type { PasswordTokens } from './password-tokens.ts';
import { clientAddress, setSubject } from '../http/request-context.ts';
import { shape, text } from '../base/validate.ts';
import type { Stats } from '../base/stats.ts';
import type { CookieSessions } from './cookie-sessions.ts';
import type { Tickets } from './tickets.ts';

export type AuthRouteServices = {
  origins: Origins;
  accounts: Accounts;
  guesses: LoginRateLimit;
  password: PasswordTokens;
  cookies: CookieSessions;
  tickets: Tickets;
  stats: Stats;
  signedIn: Handler;
  pace: AdmissionControl;
  allowance: Pick<AdmissionControl, 'admit'>;
};

const parseLogin = shape({ username: text, password: text });
const parseRefresh = shape({ refresh_token: text });
const parseApiKey = shape({ apiKey: text });

/**
 * What browsers keep of somebody's answers and pages goes with them (https://w3c.github.io/webappsec-clear-site-data/).
 * Not `storage`, which holds who signed out and what is still to be revoked; see docs/decisions/0006.
 */
const LEFT = { 'clear-site-data': '"cache"' };

const tooSoon = (status: 429 | 503, code: string, seconds: number): Response =>
  problemResponse(
    { status, code, detail: `Come back in ${seconds} s.` },
    // Of those who are told the same second, each picks a moment of it (src/core/backoff.ts).
    { 'retry-after': String(seconds) },
  );

/**
 * A ticket is where a browser can read that it should come later. 429: this client asks too often. 503: everyone asks
 * at once, and this client has its slot in `Retry-After` seconds. Behind `signedIn`.
 */
const inTurn =
  ({ pace, allowance }: Pick<AuthRouteServices, 'pace' | 'allowance'>): Handler =>
  async (c, next) => {
    const { owner, session } = c.get('principal');
    // Of a person, for sessions are to be had without end.
    const own = allowance.admit(owner);
    if (own.is === 'later') return tooSoon(429, 'rate-limited', Math.ceil(own.ms / 1_000));
    const turn = pace.admit(`${owner} ${session}`);
    if (turn.is === 'later') return tooSoon(503, 'over-capacity', retryAfterSeconds(turn.ms, Math.random()));
    return next();
  };

/** The desktop app's backend: a JSON login that answers an access and a refresh token. */
export const passwordRoutes = ({ accounts, guesses, password, stats }: AuthRouteServices): Hono<Env> =>
  new Hono<Env>()
    .post('/login', async (c) => {
      const login = parseLogin(await readJsonObject(c));
      if (!login) return oauthError('invalid_request', 'username and password are needed');
      const guess = guesses.take({ account: login.username, address: clientAddress(c.env.incoming) });
      if (!guess.allowed) return tooManyAttempts(guess.waitSeconds);
      const account = accounts.byPassword(login.username, login.password);
      if (!account) return oauthError('invalid_grant', 'wrong user name or password');
      guess.succeeded();
      setSubject(c.env.incoming, account.username);
      return c.json(await password.start(account));
    })
    .post('/refresh', async (c) => {
      const body = parseRefresh(await readJsonObject(c));
      if (!body) return oauthError('invalid_request', 'refresh_token is needed');
      const answer = await password.refresh(body.refresh_token);
      if (!answer) return oauthError('invalid_grant', 'the refresh token is not valid');
      stats.refreshGrants += 1;
      return c.json(answer);
    })
    .post('/logout', async (c) => {
      const body = parseRefresh(await readJsonObject(c));
      const bearer = /^bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
      for (const token of [body?.refresh_token, bearer]) if (token !== undefined) await password.revoke(token);
      return c.body(null, 204, LEFT);
    });

/** The web app's backend: an API key for a cookie, and a single-use token for each event stream. */
export const cookieSessionRoutes = (parts: AuthRouteServices): Hono<Env> => {
  const { accounts, guesses, cookies, tickets, origins } = parts;
  const crossOrigin = { status: 403, code: 'cross-origin', detail: 'This must come from a page of this origin.' };
  /** A browser that tells where it comes from must come from here; login and logout change its cookie. */
  const isForeign = (c: Ctx): boolean => {
    const { headers } = c.env.incoming;
    const tells = headers['sec-fetch-site'] !== undefined || headers.origin !== undefined;
    return tells && !isOwnPage(headers, origins);
  };
  return new Hono<Env>()
    .post('/login', async (c) => {
      if (isForeign(c)) return problemResponse(crossOrigin);
      const body = parseApiKey(await readJsonObject(c));
      if (!body) return problemResponse({ status: 400, code: 'bad-request', detail: 'apiKey is needed.' });
      const guess = guesses.take({ address: clientAddress(c.env.incoming) });
      if (!guess.allowed) return tooManyAttempts(guess.waitSeconds);
      const account = accounts.byApiKey(body.apiKey);
      if (!account)
        return problemResponse({ status: 401, code: 'credentials-rejected', detail: 'The API key is not valid.' });
      guess.succeeded();
      setSubject(c.env.incoming, account.username);
      c.header('set-cookie', await cookies.start(account, c.env.incoming.headers));
      return c.json({ authenticated: true, user: { sub: account.username, name: account.name } });
    })
    .get('/status', async (c) => {
      const principal = await cookies.check(c.env.incoming.headers);
      if (!principal) return c.json({ authenticated: false });
      setSubject(c.env.incoming, principal.sub);
      return c.json({ authenticated: true, user: { sub: principal.sub, name: principal.name } });
    })
    .get('/token', parts.signedIn, inTurn(parts), async (c) => {
      const token = await tickets.mint('events', c.get('principal'), TICKET_SECONDS.events * 1000);
      return c.json({ token, expiresIn: TICKET_SECONDS.events });
    })
    .post('/logout', async (c) => {
      if (isForeign(c)) return problemResponse(crossOrigin);
      c.header('set-cookie', await cookies.end(c.env.incoming.headers));
      return c.body(null, 204, LEFT);
    });
};

export const socketTicketRoute = (parts: AuthRouteServices): Hono<Env> =>
  new Hono<Env>().post('/ticket', parts.signedIn, inTurn(parts), async (c) => {
    const ticket = await parts.tickets.mint('socket', c.get('principal'), TICKET_SECONDS.socket * 1000);
    return c.json({ ticket, expires_in: TICKET_SECONDS.socket });
  });
