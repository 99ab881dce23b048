import { isObject, parseJson, stringAt } from '../../../src/protocol/schema/json.ts';
import { parseWhoami } from '../../../src/protocol/backend-responses.ts';
import type { PasswordConfig } from '../../../src/protocol/sign-in-config.ts';
import { UNKNOWN_CONFIG, type Deployment } from './deployment.ts';
import { sendRequest, type SendResult, type RequestOptions } from './http-request.ts';
import type { Credentials, Site } from './target.ts';

type Tokens = { access: string; refresh: string };

/** The addresses of a backend that speaks as OAuth 2.0 does. The trial knows no other shape. */
type StandardPaths = { login: string; refresh: string; logout: string; reuseGraceMs: number };

const standardPaths = ({ login, refresh, logout, answer, refreshToken, reuseGraceMs }: PasswordConfig) =>
  typeof login === 'string' && typeof refresh === 'string' && typeof logout === 'string' && !answer && !refreshToken
    ? { login, refresh, logout, reuseGraceMs }
    : undefined;

/** The answer of a token endpoint. The tokens themselves stay inside this file, so that no output can print them. */
export type RefreshOutcome = { type: 'tokens' } | { type: 'refused'; detail: string };

/** The results of a sign-in, of two refreshes with one token, and of a sign-out. */
export type SessionTrial =
  | { type: 'not-tried'; reason: string }
  | { type: 'sign-in-failed'; detail: string }
  | {
      type: 'done';
      whoami: { status: number; isUser: boolean };
      first: RefreshOutcome;
      second: RefreshOutcome;
      sameSuccessor: boolean;
      graceMs: number;
      signOut: { status: number; refreshAfter: RefreshOutcome };
    };

type SendTo = (path: string, options: RequestOptions) => Promise<SendResult>;

const describe = (probe: SendResult): string =>
  probe.type === 'no-response' ? probe.detail : `HTTP ${probe.response.status}${errorIn(probe.response.body)}`;

/** The OAuth error code, if any. Never the body, which may contain a token. */
const errorIn = (body: string): string => {
  const parsed = parseJson(body);
  const error = isObject(parsed) ? stringAt(parsed, 'error') : undefined;
  return error === undefined ? '' : ` ${error}`;
};

const tokensIn = (probe: SendResult): Tokens | undefined => {
  if (probe.type === 'no-response' || probe.response.status !== 200) return undefined;
  const body = parseJson(probe.response.body);
  if (!isObject(body)) return undefined;
  const access = stringAt(body, 'access_token');
  const refresh = stringAt(body, 'refresh_token');
  return access && refresh ? { access, refresh } : undefined;
};

const outcomeOf = (probe: SendResult): RefreshOutcome =>
  tokensIn(probe) ? { type: 'tokens' } : { type: 'refused', detail: describe(probe) };

const postJson = (body: object, headers: Record<string, string> = {}): RequestOptions => ({
  method: 'POST',
  headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

const examine = async (request: SendTo, paths: StandardPaths, whoami: string, start: Tokens): Promise<SessionTrial> => {
  const who = await request(whoami, { headers: { authorization: `Bearer ${start.access}` } });
  const refresh = (token: string): Promise<SendResult> => request(paths.refresh, postJson({ refresh_token: token }));
  const first = await refresh(start.refresh);
  const second = await refresh(start.refresh);
  const newest = tokensIn(second) ?? tokensIn(first) ?? start;
  const left = await request(
    paths.logout,
    postJson({ refresh_token: newest.refresh }, { authorization: `Bearer ${newest.access}` }),
  );
  const after = await refresh(newest.refresh);
  return {
    type: 'done',
    whoami:
      who.type === 'response'
        ? {
            status: who.response.status,
            isUser: who.response.status === 200 && parseWhoami(who.response.body) !== undefined,
          }
        : { status: 0, isUser: false },
    first: outcomeOf(first),
    second: outcomeOf(second),
    sameSuccessor: tokensIn(first)?.refresh === tokensIn(second)?.refresh,
    graceMs: paths.reuseGraceMs,
    signOut: { status: left.type === 'response' ? left.response.status : 0, refreshAfter: outcomeOf(after) },
  };
};

/** Sends six requests, one after the other, with a real account. */
export const runTrial = async (
  site: Site,
  deployment: Deployment | undefined,
  account: Credentials | undefined,
  timeoutMs: number,
): Promise<SessionTrial> => {
  if (!account) return { type: 'not-tried', reason: 'No account was given. Pass --user NAME --password SECRET.' };
  if (!deployment) return { type: 'not-tried', reason: UNKNOWN_CONFIG };
  const { password } = deployment;
  const paths = password && standardPaths(password);
  if (password && !paths) return { type: 'not-tried', reason: 'The backend has a shape of its own.' };
  if (!paths) return { type: 'not-tried', reason: 'The deployment has no password sign-in.' };
  const request: SendTo = (path, options) => sendRequest(new URL(path, site.origin).href, timeoutMs, options);
  const login = await request(paths.login, postJson(account));
  const start = tokensIn(login);
  if (!start) return { type: 'sign-in-failed', detail: describe(login) };
  return examine(request, paths, deployment.whoami, start);
};
