import { withDeadline } from '../../protocol/timing/timer.ts';
import type { Clock } from './clock.ts';

/** How long (ms) the first proof waits for the answer to the request that started the worker. */
const ANSWER_DEADLINE_MS = 1_000;
/** The answer is on its way to the page for so long (ms). */
const DELIVERY_MS = 30;
/** Work that no one waits for begins at the latest so long (ms) after the start. */
const BACKGROUND_AFTER_MS = 1_000;

/** What a starting worker does in which order: the request of a page, then the machine and the proof, then all the rest. */
export type StartOrder = {
  /** A page waits for this answer. */
  answers(response: Promise<unknown>): void;
  /** Resolves when the page has the first answer, or has waited for long enough. */
  readonly answered: Promise<unknown>;
  /** Resolves when a proof takes no time from the first answer. */
  mayProve(): Promise<unknown>;
  /** The first proof is there, or has failed. */
  proved(): void;
  /** A page loads and will connect. Work in the background waits for it. */
  expectsPage(): void;
  /** A page has connected. */
  connected(): void;
  /** Resolves when work may begin that no one waits for. */
  readonly background: Promise<unknown>;
};

export const createStartOrder = (clock: Clock): StartOrder => {
  let first: Promise<unknown> | undefined;
  let begin = (): void => undefined;
  let answer = (): void => undefined;
  const delivered = new Promise<void>((resolve) => (answer = resolve));
  const background = new Promise<void>((resolve) => (begin = resolve));
  const after = (ms: number): Promise<void> => new Promise((resolve) => void clock.schedule(clock.now() + ms, resolve));
  void after(BACKGROUND_AFTER_MS).then(begin);
  let isProved = false;
  let isPageExpected = false;
  let hasBegun = false;
  const beginSoon = (): void => {
    if (!isProved || isPageExpected || hasBegun) return;
    hasBegun = true;
    void after(DELIVERY_MS).then(begin);
  };
  return {
    answers(response) {
      first ??= withDeadline(
        response.catch(() => undefined),
        ANSWER_DEADLINE_MS,
        undefined,
      )
        .then(() => after(DELIVERY_MS))
        .then(answer);
    },
    answered: Promise.race([delivered, background]),
    mayProve: async () => first,
    proved() {
      isProved = true;
      beginSoon();
    },
    expectsPage: () => void (isPageExpected = true),
    connected() {
      isPageExpected = false;
      beginSoon();
    },
    background,
  };
};
