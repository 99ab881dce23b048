import type { Verdict } from '../../core/session/session-types.ts';
import { noteOnce } from '../runtime/developer-note.ts';
import { DIRECT_FETCH } from '../runtime/http.ts';
import { sendDirectly } from '../runtime/send-directly.ts';

type Authorized = Extract<Verdict, { type: 'authorized' }>;

/** A request that failed as one does without a network. */
export type FailedRequest = {
  request: Request;
  error: unknown;
  send(verdict: Authorized): Promise<Response>;
  /** The session's verdict on a refusal of the token. */
  refused(): Verdict | Promise<Verdict>;
  /** The new token of this verdict failed in the same way. */
  refusedAgain(verdict: Authorized): void;
};

/**
 * Answers that CORS hides. An API on another origin often sends its CORS headers with a 200 and not with a 401. The
 * request then fails like one without a network (https://fetch.spec.whatwg.org/#http-cors-protocol).
 */
export type HiddenAnswers = {
  /**
   * Resolves with the answer of a second attempt, if the first one may have had a hidden 401. Rejects with the error of
   * the first one otherwise.
   */
  recover(failed: FailedRequest): Promise<Response>;
};

/** After an answer that was not about the token, failed requests to that origin pass for this time (ms). */
const QUIET_MS = 60_000;
const LOOK_DEADLINE_MS = 10_000;

/** A response of any status arrives as an opaque one, because it needs no CORS. */
const isAnswering = async (origin: string): Promise<boolean> => {
  const signal = AbortSignal.timeout(LOOK_DEADLINE_MS);
  const plain = { method: 'HEAD', mode: 'no-cors', redirect: 'follow', credentials: 'omit', signal } as const;
  return sendDirectly(origin, { ...DIRECT_FETCH, ...plain }).then(
    () => true,
    () => false,
  );
};

export const createHiddenAnswers = (now: () => number): HiddenAnswers => {
  const looks = new Map<string, Promise<boolean>>();
  const clearedAt = new Map<string, number>();

  const isQuiet = (origin: string): boolean => {
    const since = now() - (clearedAt.get(origin) ?? -Infinity);
    return since >= 0 && since < QUIET_MS;
  };

  /** Whether the server of a failed request answers at all. */
  const mayHideAnswer = async (origin: string): Promise<boolean> => {
    if (!navigator.onLine || isQuiet(origin)) return false;
    const looking = looks.get(origin) ?? isAnswering(origin).finally(() => looks.delete(origin));
    looks.set(origin, looking);
    return looking;
  };

  return {
    async recover({ request, error, send, refused, refusedAgain }) {
      const { origin } = new URL(request.url);
      if (request.signal.aborted || !(await mayHideAnswer(origin))) throw error;
      noteOnce(
        'answer-hidden',
        `CORS hides an answer of ${origin}. Send Access-Control-Allow-Origin with each answer, also with a 401.`,
      );
      const failedAt = now();
      const verdict = await refused();
      // The server may have done what a hidden answer was about, so only a safe request goes out once more.
      const isSafe = request.method === 'GET' || request.method === 'HEAD';
      if (verdict.type !== 'authorized' || !isSafe) throw error;
      return send(verdict).catch((again: unknown) => {
        if (verdict.token.issuedAt >= failedAt) {
          clearedAt.set(origin, now());
          refusedAgain(verdict);
        }
        throw again;
      });
    },
  };
};
