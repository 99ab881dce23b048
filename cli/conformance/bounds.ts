import { CLOSE_CODE } from '../../src/protocol/frames.ts';
import { isObject, numberAt, parseJson } from '../../src/protocol/schema/json.ts';
import { check, type ConformanceCheck } from './wire.ts';

const GREET_WITHIN_MS = 5_000;

/** So that each answer comes in time, and the other checks get theirs. */
const TOPICS_TOGETHER = 128;

/** Checks of the server's limits, and of its answers beyond them. */
export const limitChecks: readonly ConformanceCheck[] = [
  {
    name: 'closes a socket that does not greet',
    section: '3',
    run: async (tester) => {
      const wire = await tester.dial();
      // A server with a short heartbeat closes it for its silence first, as 1006.
      await wire.closesWith([CLOSE_CODE.badFrame, 1006], GREET_WITHIN_MS + tester.target.answerMs);
    },
  },
  {
    name: 'closes with 4429 and a retry time when a socket has too many topics',
    section: '7',
    run: async (tester) => {
      const wire = await tester.greet();
      const { maxTopics } = await wire.hello();
      for (let n = 1; n <= maxTopics; n += 1) {
        if (n % TOPICS_TOGETHER === 0 || n === maxTopics) await wire.subscribe(tester.name(), null, n);
        else wire.send(['sub', n, tester.name(), null]);
      }
      wire.send(['sub', maxTopics + 1, tester.name(), null]);
      const { reason } = await wire.closesWith([CLOSE_CODE.slowDown]);
      const body = parseJson(reason);
      check(isObject(body) && numberAt(body, 'ra') !== undefined, `the reason is "${reason}"`);
    },
  },
  {
    name: 'accepts the longest topic name, and closes with 1007 at a longer one',
    section: '7',
    run: async (tester) => {
      const wire = await tester.greet();
      const longest = tester.name().padEnd((await wire.hello()).maxTopicLength, '-');
      await wire.subscribe(longest, null);
      wire.send(['sub', 2, `${longest}-`, null]);
      await wire.closesWith([CLOSE_CODE.badFrame]);
    },
  },
];
