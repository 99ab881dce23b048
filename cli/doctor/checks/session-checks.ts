import type { Context } from '../site/context.ts';
import type { SessionTrial } from '../site/trial.ts';
import { fail, pass, skipped, warn, type Finding, type DoctorCheck } from './check.ts';

const group = 'Session';

type Done = Extract<SessionTrial, { type: 'done' }>;

const withTrial =
  (check: (trial: Done) => Finding) =>
  async (context: Context): Promise<Finding> => {
    const trial = await context.trial();
    if (trial.type === 'done') return check(trial);
    return skipped(trial.type === 'not-tried' ? trial.reason : 'The sign-in failed (see above).');
  };

const signIn: DoctorCheck = {
  id: 'sign-in',
  title: 'Signing in works',
  group,
  async run(context) {
    const trial = await context.trial();
    if (trial.type === 'not-tried') return skipped(trial.reason);
    const fix = 'Check --user and --password, and the login path in the configuration.';
    if (trial.type === 'sign-in-failed')
      return fail(`no tokens: ${trial.detail}`, 'No one can sign in by password, or only this account cannot.', fix);
    if (trial.whoami.isUser) return pass('tokens, and whoami accepts them');
    return fail(
      `whoami answers ${trial.whoami.status} to a new token, without a "sub"`,
      'The worker accepts a session only when whoami names the user.',
      'Answer {"sub": …, "name": …} to a valid token.',
    );
  },
};

const grace: DoctorCheck = {
  id: 'rotation-grace',
  title: 'A lost refresh response does not end the session',
  group,
  run: withTrial(({ first, second, sameSuccessor, graceMs }) => {
    if (first.type === 'refused')
      return fail(
        `a new refresh token is refused: ${first.detail}`,
        'The session ends when its first access token expires.',
        'Check the refresh path in the configuration and the request that the endpoint expects.',
      );
    const fix =
      'Accept the previous refresh token for about 30 s and answer with the same successor. After that, revoke the token family.';
    if (second.type === 'refused') {
      const report = graceMs > 0 ? fail : warn;
      return report(
        `the same token, used again at once, is refused: ${second.detail}`,
        `The worker sends a refresh again when its response was lost. Without a reuse grace that ends the session${graceMs > 0 ? `, although the configuration promises ${graceMs} ms` : ''}.`,
        fix,
      );
    }
    if (sameSuccessor) return pass('used twice at once: the same successor both times');
    return warn(
      'used twice at once: two different successors',
      'One session has two valid refresh tokens, so a thief can use the second one unnoticed.',
      fix,
    );
  }),
};

const signOut: DoctorCheck = {
  id: 'sign-out',
  title: 'Signing out ends the session',
  group,
  run: withTrial(({ signOut: { status, refreshAfter } }) => {
    if (refreshAfter.type === 'refused' && status >= 200 && status < 300)
      return pass(`${status}, and the refresh token no longer works`);
    if (refreshAfter.type === 'refused')
      return warn(
        `the sign-out endpoint answers ${status}`,
        'The worker keeps the revocation on disk and sends it again.',
        'Answer 204 to a sign-out.',
      );
    return fail(
      'the refresh token still works after signing out',
      'Anyone with a copy of the token stays signed in.',
      'Revoke the whole token family at sign-out.',
    );
  }),
};

export const SESSION_CHECKS: readonly DoctorCheck[] = [signIn, grace, signOut];
