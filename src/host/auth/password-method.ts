import { judgeTokenAnswer } from '../../core/session/token-response.ts';
import type { PasswordConfig } from '../../protocol/config.ts';
import type { Problem } from '../../protocol/problem.ts';
import { REVOKE_DEADLINE_MS, SIGN_IN_DEADLINE_MS, tokenDeadline, type SignInMethod } from './sign-in-method.ts';
import { boundedFetch, revocationResultOf, endpointName, postJson } from './http.ts';

/** A wrong password is no `invalid_grant` of a session: it is told where it was typed. */
export const asCredentials = (problem: Problem): Problem =>
  problem.code === 'grant-rejected'
    ? { code: 'credentials-rejected', at: problem.at, status: problem.status }
    : problem;

/** JSON login, refresh and logout of an application's own backend. */
export const createPasswordMethod = (config: PasswordConfig, origin: string, now: () => number): SignInMethod => {
  const post = (url: string, body: unknown, deadlineMs: number) =>
    boundedFetch((signal) => postJson(url, body, signal), endpointName(url, origin), { deadlineMs, now });

  return {
    async signIn(order) {
      if (order.kind !== 'password') return { type: 'failed', problem: { code: 'unsupported', detail: order.kind } };
      const { username, password } = order;
      const answer = await post(config.login, { username, password }, SIGN_IN_DEADLINE_MS);
      if (!answer.ok) return { type: 'failed', problem: answer.problem };
      const verdict = judgeTokenAnswer(answer.value, 'Bearer');
      if (verdict.is === 'granted') return { type: 'granted', grant: verdict.grant };
      const refused = answer.value.status === 401 && verdict.problem.code !== 'grant-rejected';
      const problem: Problem = refused
        ? { code: 'credentials-rejected', at: answer.value.at, status: 401 }
        : asCredentials(verdict.problem);
      return { type: 'failed', problem };
    },
    async refresh({ tokens }) {
      const offline = !navigator.onLine;
      const answer = await post(config.refresh, { refresh_token: tokens.refresh }, tokenDeadline(config.reuseGraceMs));
      return answer.ok
        ? judgeTokenAnswer(answer.value, 'Bearer')
        : { is: 'failed', problem: answer.problem, unanswered: !offline };
    },
    async revoke({ tokens }) {
      const answer = await post(config.logout, { refresh_token: tokens.refresh }, REVOKE_DEADLINE_MS);
      return revocationResultOf(answer);
    },
  };
};
