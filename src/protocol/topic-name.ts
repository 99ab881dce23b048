import type { Problem } from './problem.ts';
import { hasLoneSurrogate, textIn } from './schema/schema-types.ts';

/** In UTF-16 units. The server can have a lower limit, which its greeting states (`HELLO`). */
export const MAX_TOPIC_NAME = 256;
export const TOPIC_NAME = textIn(1, MAX_TOPIC_NAME);

/** Why this is no topic. The page and the worker refuse the same names. */
export const problemOfTopic = (topic: unknown): Problem | undefined => {
  if (TOPIC_NAME.read(topic) !== undefined) return undefined;
  if (typeof topic !== 'string' || topic === '' || hasLoneSurrogate(topic))
    return { code: 'bad-message', detail: 'topic name' };
  return { code: 'over-limit', detail: 'topic-length', max: MAX_TOPIC_NAME };
};
