import { fieldsOf, fill, fillAddress, fillText, type Values } from '../../../src/core/request-template.ts';
import type { BackendRequest, TicketConfig } from '../../../src/protocol/sign-in-config.ts';
import { UNKNOWN_CONFIG, type Deployment } from './deployment.ts';
import { cookieFrom, header, sendRequest, type RequestOptions, type SendResult } from './http-request.ts';
import type { CookieCredentials, Site } from './target.ts';

/** What a sign-in with a cookie shows of its binding to the device (https://w3c.github.io/webappsec-dbsc/). */
export type CookieTrial =
  | { type: 'not-tried'; reason: string }
  | { type: 'sign-in-failed'; detail: string }
  | {
      type: 'done';
      /** `Secure-Session-Registration` of the sign-in. '' where the response offers no binding. */
      offer: string;
      /** The same of a later response: who has the cookie could bind the session first. */
      laterOffer: string;
      /** `Set-Cookie` lines of the sign-in, without their values. */
      cookies: readonly string[];
      cacheControl: string;
      /** What the registration route answers to a request without a proof. `undefined`: the offer names none here. */
      registration: { url: string; status: number; location: string } | undefined;
    };

type Route = Exclude<TicketConfig['login'], { navigate: unknown }>;

const FORM = 'application/x-www-form-urlencoded';

const valuesOf = ({ username, password, apiKey }: CookieCredentials): Values => ({ username, password, apiKey });

const optionsOf = (request: BackendRequest, values: Values): RequestOptions & { url: string } => {
  const given = typeof request === 'string' ? { url: request } : request;
  const { method = 'POST', encoding = 'json', headers = {}, body } = given;
  const url = fillAddress(given.url, values);
  const own = Object.entries(headers).map(([name, text]): [string, string] => [
    name.toLowerCase(),
    fillText(text, values) ?? '',
  ]);
  const named: Record<string, string> = { accept: 'application/json', ...Object.fromEntries(own) };
  if (method === 'GET' || method === 'DELETE') return { url, method, headers: named };
  const filled = body === undefined ? values : fill(body, values);
  return encoding === 'form'
    ? {
        url,
        method,
        headers: { 'content-type': FORM, ...named },
        body: new URLSearchParams(fieldsOf(filled)).toString(),
      }
    : { url, method, headers: { 'content-type': 'application/json', ...named }, body: JSON.stringify(filled) };
};

const withoutValue = (line: string): string => line.replace(/^([^=;]*)=[^;]*/, '$1');

const answerOf = (result: SendResult) => (result.type === 'response' ? result.response : undefined);

const describe = (result: SendResult): string =>
  result.type === 'response' ? `HTTP ${result.response.status}` : result.detail;

/** The address of the registration, where the offer names one on this origin. */
export const registrationPath = (offer: string, origin: string): string | undefined => {
  const path = /;\s*path="([^"]*)"/i.exec(offer)?.[1];
  if (path === undefined || !URL.canParse(path, origin)) return undefined;
  const url = new URL(path, origin);
  return url.origin === origin ? url.href : undefined;
};

/** Sends at most four requests, one after the other, with a real account. */
export const runCookieTrial = async (
  site: Site,
  deployment: Deployment | undefined,
  credentials: CookieCredentials,
  timeoutMs: number,
): Promise<CookieTrial> => {
  if (!deployment) return { type: 'not-tried', reason: UNKNOWN_CONFIG };
  const { ticket } = deployment;
  if (!ticket) return { type: 'not-tried', reason: 'The deployment has no cookie sessions.' };
  if (typeof ticket.login === 'object' && 'navigate' in ticket.login)
    return { type: 'not-tried', reason: 'People sign in on a page of the backend.' };
  if (credentials.apiKey === undefined && credentials.username === undefined)
    return { type: 'not-tried', reason: 'No account was given. Pass --api-key KEY, or --user NAME --password SECRET.' };
  const login: Route = ticket.login;
  const send = (path: string, options: RequestOptions): Promise<SendResult> =>
    sendRequest(new URL(path, site.origin).href, timeoutMs, options);
  const own = { origin: site.origin, 'sec-fetch-site': 'same-origin' };

  const signIn = optionsOf(login, valuesOf(credentials));
  const signedIn = await send(signIn.url, { ...signIn, headers: { ...signIn.headers, ...own } });
  const first = answerOf(signedIn);
  if (!first || first.status >= 300 || first.cookies.length === 0)
    return { type: 'sign-in-failed', detail: first && first.status < 300 ? 'no cookie' : describe(signedIn) };
  const cookie = cookieFrom(first.cookies);

  const { status, logout } = ticket;
  const later = await send(typeof status === 'string' ? status : status.url, { headers: { ...own, cookie } });
  const offer = header(first, 'secure-session-registration');
  const url = registrationPath(offer, site.origin);
  const probe = url === undefined ? undefined : answerOf(await send(url, { method: 'POST', headers: own }));
  if (typeof logout === 'string' || !('navigate' in logout)) {
    const out = optionsOf(logout, {});
    await send(out.url, { ...out, headers: { ...out.headers, ...own, cookie } });
  }
  const second = answerOf(later);
  return {
    type: 'done',
    offer,
    laterOffer: second ? header(second, 'secure-session-registration') : '',
    cookies: first.cookies.map(withoutValue),
    cacheControl: header(first, 'cache-control'),
    registration:
      url === undefined
        ? undefined
        : { url, status: probe?.status ?? 0, location: probe ? header(probe, 'location') : '' },
  };
};
