import type { Trial } from '../site/trial.ts';
import { fail, fine, skipped, warn, type Finding } from '../site/finding.ts';
import type { Check, Context } from '../site/types.ts';

const group = 'Session';

type Done = Extract<Trial, { type: 'done' }>;

const withTrial =
  (work: (trial: Done) => Finding) =>
  async (context: Context): Promise<Finding> => {
    const trial = await context.trial();
    if (trial.type === 'done') return work(trial);
    return skipped(trial.type === 'not-tried' ? trial.reason : 'The sign-in failed (see above).');
  };

const signIn: Check = {
  id: 'sign-in',
  title: 'Signing in works',
  group,
  async run(context) {
    const trial = await context.trial();
    if (trial.type === 'not-tried') return skipped(trial.reason);
    const mend = 'Check --user and --password, and the login path in the configuration.';
    if (trial.type === 'sign-in-failed')
      return fail(`no tokens: ${trial.detail}`, 'Nobody can sign in by password, or this account cannot.', mend);
    if (trial.whoami === undefined) return fine('tokens; there is no whoami path to prove them at');
    if (trial.whoami.isUser) return fine('tokens, and whoami knows them');
    return fail(
      `whoami answers ${trial.whoami.status} to a new token, without a "sub"`,
      'The worker takes a session as proven only when whoami names the person.',
      'Answer {"sub": …, "name": …} to a valid token.',
    );
  },
};

const grace: Check = {
  id: 'rotation-grace',
  title: 'A lost refresh answer costs no session',
  group,
  run: withTrial(({ first, second, sameSuccessor, graceMs }) => {
    if (first.type === 'refused')
      return fail(
        `a new refresh token is refused: ${first.detail}`,
        'The session ends with its first access token.',
        'Check the refresh path in the configuration and what the endpoint expects.',
      );
    const mend =
      'Accept the previous refresh token again for about 30 s and answer the same successor; after that, end the family.';
    if (second.type === 'refused') {
      const say = graceMs > 0 ? fail : warn;
      return say(
        `the same token, used again at once, is refused: ${second.detail}`,
        `Browsers re-send a request whose answer was lost; without a grace that ends the session${graceMs > 0 ? `, although the configuration promises ${graceMs} ms` : ''}.`,
        mend,
      );
    }
    if (sameSuccessor) return fine('used twice at once: the same successor both times');
    return warn(
      'used twice at once: two different successors',
      'Two live refresh tokens of one session: a thief can use the other one unseen.',
      mend,
    );
  }),
};

const signOut: Check = {
  id: 'sign-out',
  title: 'Signing out is real',
  group,
  run: withTrial(({ signOut: { status, refreshAfter } }) => {
    if (refreshAfter.type === 'refused' && status >= 200 && status < 300)
      return fine(`${status}, and the refresh token is dead`);
    if (refreshAfter.type === 'refused')
      return warn(
        `the sign-out endpoint answers ${status}`,
        'The worker keeps the revocation in its outbox and tries again.',
        'Answer 204 to a sign-out.',
      );
    return fail(
      'the refresh token still works after signing out',
      'Whoever has a copy of it stays signed in.',
      'End the whole token family at sign-out.',
    );
  }),
};

export const SESSION_CHECKS: readonly Check[] = [signIn, grace, signOut];
