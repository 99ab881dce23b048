import { isObject, parseJson } from '../../../protocol/schema/json.ts';
import { parseCookieSessionStatus, withClaims, type CookieSessionStatus } from '../../../protocol/backend-responses.ts';
import type { BackendRequest, TicketConfig } from '../../../protocol/sign-in-config.ts';
import type { SignInCommand } from '../../../core/session/session-types.ts';
import type { Problem, Result } from '../../../protocol/problem.ts';
import type { HttpAnswer } from '../../runtime/http.ts';
import { userAt, valueAt } from './answer-places.ts';
import type { Values } from '../../../core/request-template.ts';
import { callBackend } from './backend-request.ts';
import type { Csrf } from './csrf.ts';
import { revocationResultOf } from './revocation-result.ts';
import {
  failedWith,
  REVOKE_DEADLINE_MS,
  SIGN_IN_DEADLINE_MS,
  type SignInMethod,
  type SignInOutcome,
  type VerifyResult,
} from './sign-in-method.ts';

const unexpected = ({ at, status, retryAfterMs }: HttpAnswer): Problem => {
  if (status === 429) return { code: 'rate-limited', at, status, retryAfterMs };
  return status >= 400
    ? { code: 'server-unavailable', at, status, retryAfterMs }
    : { code: 'unexpected-answer', at, status, detail: 'no status' };
};

/** An HttpOnly cookie is the session. The keeper holds no token, and asks the backend whether the session is valid. */
export type CookieMethod = SignInMethod & { verify(): Promise<VerifyResult> };

type StatusConfig = Exclude<TicketConfig['status'], string>;

/** What an answer of the status route says. `undefined`: nothing, as with a firewall's page. */
const readStatus = (
  { status, text }: HttpAnswer,
  config: StatusConfig | undefined,
): CookieSessionStatus | undefined => {
  if (!config) return status === 200 ? parseCookieSessionStatus(text) : undefined;
  if (config.signedOutOn?.includes(status)) return { authenticated: false };
  const body = status === 200 ? parseJson(text) : undefined;
  if (typeof body !== 'object') return undefined;
  const user = userAt(body, config.user ?? { sub: ['user.sub', 'sub'], name: ['user.name', 'name'] });
  const flag = config.authenticated === undefined ? undefined : valueAt(body, config.authenticated);
  if (flag === false) return { authenticated: false };
  if (!user || (flag !== true && config.authenticated !== undefined)) return undefined;
  return { authenticated: true, user, deviceBound: valueAt(body, config.deviceBound ?? 'deviceBound') === true };
};

/** The same, with the claims of these names. They are beside the name of the user. */
const statusOf = (
  answer: HttpAnswer,
  config: StatusConfig | undefined,
  claims: readonly string[] | undefined,
): CookieSessionStatus | undefined => {
  const session = readStatus(answer, config);
  const body = parseJson(answer.text);
  const place = isObject(body) && isObject(body['user']) ? body['user'] : body;
  return session?.authenticated ? { ...session, user: withClaims(session.user, place, claims) } : session;
};

export type CookieMethodOptions = {
  config: TicketConfig;
  claims?: readonly string[] | undefined;
  origin: string;
  /** The path of the app's document. */
  home: string;
  csrf: Csrf | undefined;
  now(): number;
  /** Each answer about the session says whether its cookie is bound to this device. */
  onDeviceBound(isDeviceBound: boolean): void;
};

/** The sign-in method `ticket`. */
export const createCookieMethod = (options: CookieMethodOptions): CookieMethod => {
  const { config, claims, origin, home, csrf, now, onDeviceBound } = options;
  const bounds = { origin, deadlineMs: SIGN_IN_DEADLINE_MS, now };
  const { status, login, logout } = config;
  const statusConfig = typeof status === 'string' ? undefined : status;
  const statusRoute = typeof status === 'string' ? { url: status } : { url: status.url, headers: status.headers };

  const send = async (request: BackendRequest, standardBody: unknown, values: Values, deadlineMs: number) =>
    callBackend(
      { request, standardBody, values, withCookies: true, headers: await csrf?.header() },
      { ...bounds, deadlineMs },
    );

  const askStatus = (): Promise<Result<HttpAnswer>> => {
    const request = { ...statusRoute, method: 'GET' } as const;
    return callBackend({ request, standardBody: undefined, values: {}, withCookies: true }, bounds);
  };

  const read = (answer: HttpAnswer): CookieSessionStatus | undefined => {
    const session = statusOf(answer, statusConfig, claims);
    if (session) onDeviceBound(session.authenticated && session.deviceBound);
    return session;
  };

  const judge = (answer: HttpAnswer): VerifyResult => {
    const { at, status: code } = answer;
    const session = read(answer);
    if (!session) return failedWith(unexpected(answer));
    // The configured endpoint itself says so: for a cookie session this is what `invalid_grant` is for tokens.
    return session.authenticated
      ? { type: 'verified', user: session.user }
      : failedWith({ code: 'grant-rejected', at, status: code, error: 'not_authenticated' });
  };

  const verify = async (): Promise<VerifyResult> => {
    const answer = await askStatus();
    return answer.ok ? judge(answer.value) : failedWith(answer.problem);
  };

  /** A sign-out that is a page of the backend: its path, or where the status says it. */
  const logOutPage = ({ text }: HttpAnswer): string | undefined => {
    if (typeof logout !== 'object' || !('navigate' in logout)) return undefined;
    const found = valueAt(parseJson(text), logout.navigate) ?? logout.navigate;
    return typeof found === 'string' ? new URL(found, origin).href : undefined;
  };

  /** The session that the browser's cookie is, if it is one. */
  const proven = async (): Promise<SignInOutcome> => {
    const answer = await askStatus();
    if (!answer.ok) return failedWith(answer.problem);
    const result = judge(answer.value);
    return result.type === 'verified'
      ? { type: 'granted', grant: { user: result.user, endSession: logOutPage(answer.value) } }
      : result;
  };

  /** Only the status route says who is signed in, where the login's own answer does not. */
  const signedIn = async (answer: HttpAnswer): Promise<SignInOutcome> => {
    const { at, status: code } = answer;
    if (code === 401 || code === 403 || code === 422)
      return failedWith({ code: 'credentials-rejected', at, status: code });
    if (code >= 400) return failedWith(unexpected(answer));
    const session = read(answer);
    if (session?.authenticated) return { type: 'granted', grant: { user: session.user } };
    if (!statusConfig) return failedWith(unexpected(answer));
    // A form login answers with a redirect, with or without the right password.
    const proof = await proven();
    return proof.type === 'failed' && proof.problem.code === 'grant-rejected'
      ? failedWith({ code: 'credentials-rejected', at, status: code })
      : proof;
  };

  /** The person may be back from the backend's own sign-in already. Otherwise the page goes there. */
  const arrive = async (address: string): Promise<SignInOutcome> => {
    const proof = await proven();
    if (proof.type === 'granted') return proof;
    const returnTo = encodeURIComponent(config.callback ?? home);
    return { type: 'redirect', url: new URL(address.replaceAll('{return_to}', returnTo), origin).href };
  };

  return {
    async signIn(order) {
      if (order.kind !== 'ticket') return failedWith({ code: 'unsupported', detail: order.kind });
      if (typeof login === 'object' && 'navigate' in login) return arrive(login.navigate);
      const body = order.apiKey === undefined ? FORM_BODY : { apiKey: '{apiKey}' };
      const answer = await send(login, body, credentialsOf(order), SIGN_IN_DEADLINE_MS);
      return answer.ok ? signedIn(answer.value) : failedWith(answer.problem);
    },
    async refresh() {
      return { type: 'failed', problem: { code: 'unsupported', detail: 'ticket' }, unanswered: false };
    },
    async revoke() {
      if (typeof logout === 'object' && 'navigate' in logout) return true;
      const answer = await send(logout, {}, {}, REVOKE_DEADLINE_MS);
      // The cookie is over already.
      return answer.ok && answer.value.status === 401 ? true : revocationResultOf(answer);
    },
    verify,
  };
};

const FORM_BODY = { username: '{username}', password: '{password}' };

type TicketOrder = Extract<SignInCommand, { kind: 'ticket' }>;

const credentialsOf = ({ apiKey, username, password }: TicketOrder): Values => ({ apiKey, username, password });
