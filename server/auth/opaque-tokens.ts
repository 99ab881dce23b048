import { setBounded } from '../base/bounded-map.ts';
import { createBucket } from '../limits/token-bucket.ts';
import type { Limit } from '../storage/storage.ts';

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
const UNKNOWN: Limit = { burst: 10, refillMs: 60_000 };
const MAX_TOKENS = 10_000;

/** Questions without an answer yet, by address. */
const createPending = () => {
  const open = new Map<string, Set<Promise<unknown>>>();
  return {
    has: (address: string): boolean => open.has(address),
    /** They never reject. */
    of: (address: string): Iterable<Promise<unknown>> => open.get(address) ?? [],
    async during<T>(address: string, question: Promise<T>): Promise<T> {
      const settled = question.then(
        () => undefined,
        () => undefined,
      );
      const own = open.get(address) ?? new Set();
      open.set(address, own.add(settled));
      try {
        return await question;
      } finally {
        own.delete(settled);
        if (own.size === 0) open.delete(address);
      }
    },
  };
};

type Answer<T> = { verified: T | undefined; until: number };

/** `now`: a monotonic clock in ms. */
export const createOpaqueTokens = <T>(now: () => number): OpaqueTokens<T> => {
  const answers = new Map<string, Answer<T>>();
  /** Tokens that were valid once. Their questions have no limit. */
  const known = new Map<string, true>();
  const questions = new Map<string, Promise<T | undefined>>();
  const unknown = createBucket(UNKNOWN, now);
  const pending = createPending();

  const askAboutUnknown = async (address: string, ask: () => Promise<T | undefined>): Promise<T | undefined> => {
    // Many people behind one address may sign in at once. Valid tokens give their questions back when they are answered.
    while (unknown.waitMs(address) > 0 && pending.has(address)) await Promise.race(pending.of(address));
    const waitMs = unknown.waitMs(address);
    if (waitMs > 0) throw new TooManyUnknownTokens(Math.ceil(waitMs / 1000));
    unknown.take(address);
    const askOnce = async (): Promise<T | undefined> => {
      const verified = await ask();
      if (verified) unknown.giveBack(address);
      return verified;
    };
    return pending.during(address, askOnce());
  };

  const question = async (
    digest: string,
    address: string,
    ask: () => Promise<T | undefined>,
  ): Promise<T | undefined> => {
    const verified = known.has(digest) ? await ask() : await askAboutUnknown(address, ask);
    if (verified) setBounded(known, digest, true, MAX_TOKENS);
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
