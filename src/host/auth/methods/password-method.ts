import { judgeTokenAnswer, type TokenVerdict } from '../../../core/token-endpoint/token-response.ts';
import type { Session, Tokens } from '../../../core/session/session-types.ts';
import { parseJson } from '../../../protocol/schema/json.ts';
import type { BackendRequest, PasswordConfig } from '../../../protocol/sign-in-config.ts';
import type { Result } from '../../../protocol/problem.ts';
import type { HttpAnswer } from '../../runtime/http.ts';
import { IN_COOKIE, standardAnswer, userAt } from './answer-places.ts';
import type { Values } from '../../../core/request-template.ts';
import { callBackend } from './backend-request.ts';
import { revocationResultOf } from './revocation-result.ts';
import { loginProblem } from './login-problem.ts';
import {
  failedWith,
  REVOKE_DEADLINE_MS,
  SIGN_IN_DEADLINE_MS,
  tokenDeadline,
  type MethodBounds,
  type SignInMethod,
} from './sign-in-method.ts';

const tokenValues = ({ access, refresh }: Tokens): Values => ({
  access_token: access?.value,
  refresh_token: refresh === IN_COOKIE ? undefined : refresh,
});

/** Login, refresh and logout of an application's own backend, in the shape that the configuration says. */
export const createPasswordMethod = (config: PasswordConfig, bounds: MethodBounds): SignInMethod => {
  const { answer: places = {}, endsOn } = config;
  const isInCookie = config.refreshToken === 'cookie';
  const STANDARD_REFRESH = isInCookie ? {} : { refresh_token: '{refresh_token}' };

  const send = (request: BackendRequest, standardBody: unknown, values: Values, deadlineMs: number) =>
    callBackend({ request, standardBody, values, withCookies: isInCookie }, { ...bounds, deadlineMs });

  /** The cookie that the answer has set takes the place of a refresh token. */
  const judge = (given: HttpAnswer): TokenVerdict => {
    const verdict = judgeTokenAnswer(standardAnswer(given, places, isInCookie), 'Bearer', { endsOn });
    if (verdict.type === 'failed') return verdict;
    const user = places.user && userAt(parseJson(given.text), places.user);
    const refresh = isInCookie ? IN_COOKIE : verdict.grant.refresh;
    return { type: 'granted', grant: { ...verdict.grant, refresh, user } };
  };

  const judged = (answer: Result<HttpAnswer>, unanswered: boolean): TokenVerdict =>
    answer.ok ? judge(answer.value) : { type: 'failed', problem: answer.problem, unanswered };

  return {
    async signIn(order) {
      if (order.kind !== 'password') return failedWith({ code: 'unsupported', detail: order.kind });
      const { username, password } = order;
      const body = { username: '{username}', password: '{password}' };
      const answer = await send(config.login, body, { username, password }, SIGN_IN_DEADLINE_MS);
      if (!answer.ok) return failedWith(answer.problem);
      const verdict = judge(answer.value);
      return verdict.type === 'granted' ? verdict : failedWith(loginProblem(verdict.problem, answer.value));
    },
    async refresh({ tokens }: Session) {
      const { refresh: request } = config;
      if (request === undefined)
        return {
          type: 'failed',
          problem: { code: 'misconfigured', at: 'refresh', detail: NO_REFRESH },
          unanswered: false,
        };
      await bounds.connections.checked(bounds.origin);
      const offline = !navigator.onLine;
      const deadlineMs = tokenDeadline(config.reuseGraceMs);
      return judged(await send(request, STANDARD_REFRESH, tokenValues(tokens), deadlineMs), !offline);
    },
    async revoke({ tokens }) {
      if (config.logout === undefined) return { code: 'revocation-refused', at: 'logout' };
      const values = tokenValues(tokens);
      return revocationResultOf(await send(config.logout, STANDARD_REFRESH, values, REVOKE_DEADLINE_MS));
    },
  };
};

const NO_REFRESH = 'The backend gave a refresh token. Name its address in "refresh".';
