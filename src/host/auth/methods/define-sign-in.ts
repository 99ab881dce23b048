import type { Session, SignInCommand, Tokens } from '../../../core/session/session-types.ts';
import { judgeTokenAnswer, type TokenVerdict } from '../../../core/token-endpoint/token-response.ts';
import { isProblem, type Problem } from '../../../protocol/problem.ts';
import { parseJson } from '../../../protocol/schema/json.ts';
import type { BackendRequest } from '../../../protocol/sign-in-config.ts';
import type { User } from '../../../protocol/snapshot.ts';
import type { FetchBounds, HttpAnswer } from '../../runtime/http.ts';
import { IN_COOKIE, textAt } from './answer-places.ts';
import type { Values } from '../../../core/request-template.ts';
import { callBackend } from './backend-request.ts';
import { loginProblem } from './login-problem.ts';
import { revocationResultOf } from './revocation-result.ts';
import {
  failedWith,
  REVOKE_DEADLINE_MS,
  SIGN_IN_DEADLINE_MS,
  tokenDeadline,
  type MethodBounds,
  type SignInMethod,
} from './sign-in-method.ts';

/** What a sign-in or a refresh gave. Without `refreshToken`, a refresh keeps the one before. */
export type SignInTokens = {
  accessToken: string | undefined;
  refreshToken?: string | undefined;
  /** Seconds. */
  expiresIn?: number | undefined;
  user?: User | undefined;
};

/** An answer of the backend. Returned as it is, it counts as one of OAuth 2.0. */
export type BackendAnswer = HttpAnswer & {
  body: unknown;
  /** The text at this place of the body, such as `data.token`. */
  textAt(place: string): string | undefined;
};

/** The tokens that the worker holds for this sign-in. */
export type HeldTokens = { accessToken?: string | undefined; refreshToken?: string | undefined };

/** Sends requests with a deadline, past the HTTP cache, without following redirects. */
export type SignInHttp = {
  /** Rejects when there is no answer. Let that pass: the worker tries again. */
  send(request: BackendRequest, values?: Values): Promise<BackendAnswer>;
};

/** A sign-in of the site's own, in the worker. */
export type SignInDefinition = {
  /** Stays the same over versions: stored sessions have it. */
  name: string;
  /** `credentials`: what the page gave to `keeper.signIn`. */
  signIn(credentials: Values, http: SignInHttp): Promise<SignInTokens | BackendAnswer | Problem>;
  /** Absent for tokens that cannot be renewed. */
  refresh?(tokens: HeldTokens, http: SignInHttp): Promise<SignInTokens | BackendAnswer | Problem>;
  /** Ends the tokens at the backend. A status that refuses for good is shown as `revocation-refused`. */
  signOut?(tokens: HeldTokens, http: SignInHttp): Promise<BackendAnswer | void>;
  /** Who signed in, where the answer of the sign-in does not say it. */
  user?(tokens: HeldTokens, http: SignInHttp): Promise<User | undefined>;
  /** How long (ms) the backend still accepts a used refresh token. Default 0. */
  reuseGraceMs?: number;
  /**
   * `cookie`: the refresh token is in an HttpOnly cookie that the backend sets, and the functions get and give none. The
   * browser sends that cookie also to a backend on another origin, which must allow it in CORS. Default `answer`.
   */
  refreshToken?: 'answer' | 'cookie';
};

/**
 * Any backend as a sign-in of the worker. The functions run in the worker, so a page sees no token.
 *
 * @example
 * import { defineSignIn, keepSession } from 'session-keeper/sw';
 * const sample = defineSignIn({
 *   name: 'sample',
 *   signIn: (credentials, http) =>
 *     http.send({ url: '/session', body: { mail: '{mail}', code: '{code}' } }, credentials),
 *   refresh: (tokens, http) => http.send({ url: '/session/renew' }, { refresh_token: tokens.refreshToken }),
 * });
 * keepSession({ config, signIn: [sample] });
 */
export const defineSignIn = (definition: SignInDefinition): SignInDefinition => definition;

/** No answer came. The definition's code need not know of it. */
class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.code);
    this.problem = problem;
  }
}

const httpWithin = (bounds: FetchBounds, withCookies: boolean): SignInHttp => ({
  async send(request, values = {}) {
    const call = { request, standardBody: undefined, plainBody: values, values, withCookies };
    const answer = await callBackend(call, bounds);
    if (!answer.ok) throw new NoAnswer(answer.problem);
    const body = parseJson(answer.value.text);
    return { ...answer.value, body, textAt: (place) => textAt(body, place) };
  },
});

const heldOf = ({ access, refresh }: Tokens): HeldTokens => ({
  accessToken: access?.value,
  refreshToken: refresh === IN_COOKIE ? undefined : refresh,
});

type Given = SignInTokens | BackendAnswer | Problem;

/** The same judge as for all other token endpoints. */
const judge = (given: Given, name: string, now: number): { verdict: TokenVerdict; answer: HttpAnswer | undefined } => {
  if (isProblem(given)) return { verdict: { ...failedWith(given), unanswered: false }, answer: undefined };
  if (!('accessToken' in given)) return { verdict: judgeTokenAnswer(given, 'Bearer'), answer: given };
  const { accessToken, refreshToken, expiresIn, user } = given;
  const text = JSON.stringify({ access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn });
  const verdict = judgeTokenAnswer({ at: name, status: 200, text, receivedAt: now }, 'Bearer');
  return {
    verdict: verdict.type === 'granted' ? { type: 'granted', grant: { ...verdict.grant, user } } : verdict,
    answer: undefined,
  };
};

/** A mistake in the site's own code costs no session: the worker tries again, and says what was thrown. */
const thrown = (error: unknown, name: string): Problem =>
  error instanceof NoAnswer
    ? error.problem
    : { code: 'misconfigured', at: name, detail: error instanceof Error ? error.message : String(error) };

const credentialsOf = (order: SignInCommand): Values | undefined => {
  if (order.kind === 'custom') return order.credentials;
  return order.kind === 'password' ? { username: order.username, password: order.password } : undefined;
};

/** The cookie that the answer has set takes the place of a refresh token. */
const withCookie = (verdict: TokenVerdict): TokenVerdict =>
  verdict.type === 'granted' ? { type: 'granted', grant: { ...verdict.grant, refresh: IN_COOKIE } } : verdict;

const createDefinedMethod = (definition: SignInDefinition, bounds: MethodBounds): SignInMethod => {
  const { name } = definition;
  const isInCookie = definition.refreshToken === 'cookie';
  const http = (deadlineMs: number): SignInHttp => httpWithin({ ...bounds, deadlineMs }, isInCookie);
  const judged = (given: Given): ReturnType<typeof judge> => {
    const { verdict, answer } = judge(given, name, bounds.now());
    return { verdict: isInCookie ? withCookie(verdict) : verdict, answer };
  };
  return {
    async signIn(order) {
      const credentials = credentialsOf(order);
      if (!credentials) return failedWith({ code: 'unsupported', detail: order.kind });
      try {
        const client = http(SIGN_IN_DEADLINE_MS);
        const { verdict, answer } = judged(await definition.signIn(credentials, client));
        if (verdict.type === 'failed')
          return failedWith(answer ? loginProblem(verdict.problem, answer) : verdict.problem);
        const { access, refresh, user } = verdict.grant;
        const found = user ?? (await definition.user?.(heldOf({ access, refresh }), client));
        return { type: 'granted', grant: { ...verdict.grant, user: found, method: name } };
      } catch (error) {
        return failedWith(thrown(error, name));
      }
    },
    async refresh({ tokens }: Session) {
      if (!definition.refresh)
        return { ...failedWith({ code: 'misconfigured', at: name, detail: 'no refresh' }), unanswered: false };
      await bounds.connections.checked(bounds.origin);
      const offline = !navigator.onLine;
      try {
        const client = http(tokenDeadline(definition.reuseGraceMs ?? 0));
        return judged(await definition.refresh(heldOf(tokens), client)).verdict;
      } catch (error) {
        return { ...failedWith(thrown(error, name)), unanswered: !offline };
      }
    },
    async revoke({ tokens }) {
      if (!definition.signOut) return { code: 'revocation-refused', at: name };
      try {
        const answer = await definition.signOut(heldOf(tokens), http(REVOKE_DEADLINE_MS));
        return answer ? revocationResultOf({ ok: true, value: answer }) : true;
      } catch {
        return 0;
      }
    },
  };
};

/** The site's own sign-ins beside the configured one. A session keeps the one that it began with. */
export const withDefinitions =
  (definitions: readonly SignInDefinition[]) =>
  (configured: SignInMethod | undefined, bounds: MethodBounds): SignInMethod | undefined => {
    if (definitions.length === 0) return configured;
    const byName = new Map(definitions.map((each) => [each.name, createDefinedMethod(each, bounds)]));
    const [first] = byName.values();
    const methodOf = (order: SignInCommand): SignInMethod | undefined => {
      if (order.kind === 'custom') return order.name === undefined ? first : byName.get(order.name);
      return configured ?? first;
    };
    const unknown = (name: string | undefined): Problem => ({ code: 'unsupported', detail: name ?? 'password' });
    const ofSession = ({ tokens: { method } }: Session) => (method === undefined ? configured : byName.get(method));
    return {
      async signIn(order) {
        return methodOf(order)?.signIn(order) ?? failedWith(unknown('name' in order ? order.name : undefined));
      },
      async refresh(session) {
        const found = ofSession(session)?.refresh(session);
        return found ?? { ...failedWith(unknown(session.tokens.method)), unanswered: false };
      },
      async revoke(session) {
        return (
          ofSession(session)?.revoke(session) ?? { code: 'revocation-refused', at: session.tokens.method ?? 'password' }
        );
      },
    };
  };
