import { CLOSE_CODE, MAX_SUBSCRIPTIONS, MAX_TOPIC_LENGTH } from '../../src/protocol/frames.ts';
import { isObject, numberAt, parseJson } from '../../src/protocol/json.ts';
import type { Check } from './check.ts';
import { insist } from './wire.ts';

const GREET_WITHIN_MS = 5_000;

/** How much of anything a server takes, and what it says to more. */
export const bounds: readonly Check[] = [
  {
    name: 'a client that does not greet is not kept',
    section: '3',
    run: async (tester) => {
      const wire = await tester.dial();
      // A server with a short heartbeat cuts it off for its silence first.
      await wire.closesWith([CLOSE_CODE.badFrame, 1006], GREET_WITHIN_MS + tester.target.answerMs);
    },
  },
  {
    name: 'more topics than a socket may have close it: 4429, and when to come back',
    section: '7',
    run: async (tester) => {
      const wire = await tester.greet();
      for (let n = 1; n < MAX_SUBSCRIPTIONS; n += 1) wire.send(['sub', n, tester.name(), null]);
      await wire.subscribe(tester.name(), null, MAX_SUBSCRIPTIONS);
      wire.send(['sub', MAX_SUBSCRIPTIONS + 1, tester.name(), null]);
      const { reason } = await wire.closesWith([CLOSE_CODE.slowDown]);
      const body = parseJson(reason);
      insist(isObject(body) && numberAt(body, 'ra') !== undefined, `the reason is "${reason}"`);
    },
  },
  {
    name: 'the longest name of a topic is one, a longer one closes: 1007',
    section: '7',
    run: async (tester) => {
      const wire = await tester.greet();
      const longest = tester.name().padEnd(MAX_TOPIC_LENGTH, '-');
      await wire.subscribe(longest, null);
      wire.send(['sub', 2, `${longest}-`, null]);
      await wire.closesWith([CLOSE_CODE.badFrame]);
    },
  },
];
