import { judgeTokenAnswer } from '../../core/token-endpoint/token-response.ts';
import type { PasswordConfig } from '../../protocol/config.ts';
import type { Problem } from '../../protocol/problem.ts';
import { postJson } from '../runtime/http.ts';
import { signInFailure } from './sign-in-failure.ts';
import {
  failedWith,
  REVOKE_DEADLINE_MS,
  revocationResultOf,
  SIGN_IN_DEADLINE_MS,
  tokenDeadline,
  type SignInMethod,
} from './sign-in-method.ts';

/** Servers of their own kind say it in a code such as `invalid_credentials`. */
const namesCredentials = (problem: Problem): boolean =>
  problem.code === 'sign-in-required' && /credential|password|user/i.test(problem.error ?? '');

/** JSON login, refresh and logout of an application's own backend. */
export const createPasswordMethod = (config: PasswordConfig, origin: string, now: () => number): SignInMethod => {
  const post = (url: string, body: unknown, deadlineMs: number) => postJson(url, body, { origin, deadlineMs, now });

  return {
    async signIn(order) {
      if (order.kind !== 'password') return failedWith({ code: 'unsupported', detail: order.kind });
      const { username, password } = order;
      const answer = await post(config.login, { username, password }, SIGN_IN_DEADLINE_MS);
      if (!answer.ok) return failedWith(answer.problem);
      const verdict = judgeTokenAnswer(answer.value, 'Bearer');
      if (verdict.type === 'granted') return { type: 'granted', grant: verdict.grant };
      const { at, status } = answer.value;
      const { problem } = verdict;
      // `invalid_grant` at a login means a wrong password: it says nothing about a session.
      const isRejected = status === 401 || problem.code === 'grant-rejected' || namesCredentials(problem);
      return failedWith(isRejected ? { code: 'credentials-rejected', at, status } : signInFailure(problem));
    },
    async refresh({ tokens }) {
      const offline = !navigator.onLine;
      const answer = await post(config.refresh, { refresh_token: tokens.refresh }, tokenDeadline(config.reuseGraceMs));
      return answer.ok
        ? judgeTokenAnswer(answer.value, 'Bearer')
        : { type: 'failed', problem: answer.problem, unanswered: !offline };
    },
    async revoke({ tokens }) {
      return revocationResultOf(await post(config.logout, { refresh_token: tokens.refresh }, REVOKE_DEADLINE_MS));
    },
  };
};
