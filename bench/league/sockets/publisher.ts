import { setTimeout as rest } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { SiteHooks } from '../../../lab/site/sign-in-module.ts';
import { NO_MESSAGES, tallyOf, type Tally } from './tally.ts';

/** One message in this time (ms), so that they fall before, into and after what happens. */
const EVERY_MS = 50;
const LISTENS_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;
/** The app counts messages with this number apart: see socket-app.ts. */
const MARK = 0;

/** Publishes numbered messages, and counts what arrived of them. The numbers of a scenario begin at 1. */
export const createPublisher = (publish: (number: number) => unknown) => {
  let ordered = 0;
  let sent = 0;
  let numbers: readonly number[] = [];
  let ended = NO_MESSAGES;
  const timer = setInterval(() => {
    if (sent === ordered) return;
    sent += 1;
    publish(sent);
  }, EVERY_MS).unref();

  const hooks: SiteHooks = {
    publish: async (more) => {
      ordered += more;
    },
    listen: async (page: Page) => {
      const deadline = Date.now() + LISTENS_WITHIN_MS;
      while (!(await page.evaluate<boolean>('globalThis.league.marks > 0'))) {
        if (Date.now() > deadline) throw new Error('The page receives no messages.');
        await publish(MARK);
        await rest(LOOK_EVERY_MS);
      }
    },
    received: async (page: Page) => {
      numbers = await page.evaluate<number[]>('globalThis.league.numbers');
      return numbers;
    },
    reset: async () => {
      ended = tallyOf(sent, numbers);
      ordered = 0;
      sent = 0;
      numbers = [];
    },
  };
  return { hooks, tally: (): Tally => ended, stop: () => clearInterval(timer) };
};
