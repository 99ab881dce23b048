import { isObject, parseJson, stringAt } from '../../../src/protocol/json.ts';
import { parseWhoami } from '../../../src/protocol/backend-responses.ts';
import type { Deployment, Password } from './deployment.ts';
import { probe as send, type Probe, type ProbeOptions } from './http.ts';
import type { Account, Target } from './target.ts';
import { UNKNOWN_CONFIG } from './finding.ts';

type Tokens = { access: string; refresh: string };

/** What a token endpoint did with one request; the tokens themselves stay inside this file. */
export type Outcome = { type: 'tokens' } | { type: 'refused'; detail: string };

/** A sign-in, the same refresh token used twice at once, and a sign-out. */
export type Trial =
  | { type: 'not-tried'; reason: string }
  | { type: 'sign-in-failed'; detail: string }
  | {
      type: 'done';
      /** `undefined`: there is no whoami path to ask. */
      whoami: { status: number; isUser: boolean } | undefined;
      first: Outcome;
      second: Outcome;
      sameSuccessor: boolean;
      graceMs: number;
      signOut: { status: number; refreshAfter: Outcome };
    };

type Ask = (path: string, options: ProbeOptions) => Promise<Probe>;

const describe = (probe: Probe): string =>
  probe.type === 'silent' ? probe.detail : `HTTP ${probe.answer.status}${errorIn(probe.answer.body)}`;

/** The OAuth error code, if there is one; never the body, which may hold a token. */
const errorIn = (body: string): string => {
  const parsed = parseJson(body);
  const error = isObject(parsed) ? stringAt(parsed, 'error') : undefined;
  return error === undefined ? '' : ` ${error}`;
};

const tokensIn = (probe: Probe): Tokens | undefined => {
  if (probe.type === 'silent' || probe.answer.status !== 200) return undefined;
  const body = parseJson(probe.answer.body);
  if (!isObject(body)) return undefined;
  const access = stringAt(body, 'access_token');
  const refresh = stringAt(body, 'refresh_token');
  return access && refresh ? { access, refresh } : undefined;
};

const outcomeOf = (probe: Probe): Outcome =>
  tokensIn(probe) ? { type: 'tokens' } : { type: 'refused', detail: describe(probe) };

const postJson = (body: object, headers: Record<string, string> = {}): ProbeOptions => ({
  method: 'POST',
  headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

const examine = async (ask: Ask, paths: Password, whoami: string | undefined, start: Tokens): Promise<Trial> => {
  const who =
    whoami === undefined ? undefined : await ask(whoami, { headers: { authorization: `Bearer ${start.access}` } });
  const refresh = (token: string): Promise<Probe> => ask(paths.refresh, postJson({ refresh_token: token }));
  const first = await refresh(start.refresh);
  const second = await refresh(start.refresh);
  const newest = tokensIn(second) ?? tokensIn(first) ?? start;
  const left = await ask(
    paths.logout,
    postJson({ refresh_token: newest.refresh }, { authorization: `Bearer ${newest.access}` }),
  );
  const after = await refresh(newest.refresh);
  return {
    type: 'done',
    whoami:
      who?.type === 'answer'
        ? { status: who.answer.status, isUser: who.answer.status === 200 && parseWhoami(who.answer.body) !== undefined }
        : who && { status: 0, isUser: false },
    first: outcomeOf(first),
    second: outcomeOf(second),
    sameSuccessor: tokensIn(first)?.refresh === tokensIn(second)?.refresh,
    graceMs: paths.reuseGraceMs,
    signOut: { status: left.type === 'answer' ? left.answer.status : 0, refreshAfter: outcomeOf(after) },
  };
};

/** Six requests, one after the other, with a real account. */
export const runTrial = async (
  target: Target,
  deployment: Deployment | undefined,
  account: Account | undefined,
  timeoutMs: number,
): Promise<Trial> => {
  if (!account) return { type: 'not-tried', reason: 'Needs an account: --user NAME --password SECRET.' };
  if (!deployment) return { type: 'not-tried', reason: UNKNOWN_CONFIG };
  const paths = deployment.password;
  if (!paths) return { type: 'not-tried', reason: 'The deployment has no password sign-in to try it with.' };
  const ask: Ask = (path, options) => send(new URL(path, target.origin).href, timeoutMs, options);
  const login = await ask(paths.login, postJson(account));
  const start = tokensIn(login);
  if (!start) return { type: 'sign-in-failed', detail: describe(login) };
  return examine(ask, paths, deployment.whoami, start);
};
