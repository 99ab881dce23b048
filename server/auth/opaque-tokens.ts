import { setBounded } from '../base/bounded-map.ts';
import { createBucket, type Limit } from '../limits/token-bucket.ts';

/**
 * Tokens that only the provider can read, so that each unknown one costs it a question. Anyone can invent tokens, and
 * providers limit their callers: without limits, invented tokens would keep the valid ones from being checked.
 */
export type OpaqueTokens<T> = {
  /**
   * Resolves with `undefined` for an invalid token. Rejects with `TooManyUnknownTokens`. `digest`: of the token.
   * `ask`: asks the provider.
   */
  verify(digest: string, address: string, ask: () => Promise<T | undefined>): Promise<T | undefined>;
  /** Forgets all answers. */
  clear(): void;
};

/** An address sent so many tokens that the provider did not know that the server does not ask about another one now. */
export class TooManyUnknownTokens extends Error {
  override readonly name = 'TooManyUnknownTokens';
  readonly waitSeconds: number;
  constructor(waitSeconds: number) {
    super(`Too many unknown access tokens. Try again in ${waitSeconds} seconds.`);
    this.waitSeconds = waitSeconds;
  }
}

/** How long an answer of the provider counts. A token that was invalid once stays so. */
const VALID_MS = 5_000;
const INVALID_MS = 60_000;
/** Questions about unknown tokens of one address. A valid token gives its question back. */
const UNKNOWN: Limit = { burst: 20, refillMs: 60_000 };
const MAX_TOKENS = 10_000;

type Answer<T> = { verified: T | undefined; until: number };

/** `now`: a monotonic clock in ms. */
export const createOpaqueTokens = <T>(now: () => number): OpaqueTokens<T> => {
  const answers = new Map<string, Answer<T>>();
  /** Tokens that were valid once. Their questions have no limit. */
  const known = new Map<string, true>();
  const questions = new Map<string, Promise<T | undefined>>();
  const unknown = createBucket(UNKNOWN, now);

  const question = async (
    digest: string,
    address: string,
    ask: () => Promise<T | undefined>,
  ): Promise<T | undefined> => {
    const isKnown = known.has(digest);
    const waitMs = isKnown ? 0 : unknown.waitMs(address);
    if (waitMs > 0) throw new TooManyUnknownTokens(Math.ceil(waitMs / 1000));
    if (!isKnown) unknown.take(address);
    const verified = await ask();
    if (verified) {
      if (!isKnown) unknown.giveBack(address);
      setBounded(known, digest, true, MAX_TOKENS);
    }
    setBounded(answers, digest, { verified, until: now() + (verified ? VALID_MS : INVALID_MS) }, MAX_TOKENS);
    return verified;
  };

  return {
    verify(digest, address, ask) {
      const answer = answers.get(digest);
      if (answer && answer.until > now()) return Promise.resolve(answer.verified);
      const open = questions.get(digest);
      if (open) return open;
      const asked = question(digest, address, ask).finally(() => questions.delete(digest));
      questions.set(digest, asked);
      return asked;
    },
    clear() {
      answers.clear();
      known.clear();
    },
  };
};
