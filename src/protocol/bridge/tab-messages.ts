import { MAX_STATE_LENGTH } from '../cursor.ts';
import { NAME } from './page-names.ts';
import { parseJson } from '../schema/json.ts';
import { number, string, union, type Infer } from '../schema/schema.ts';
import { boolean, data, list, nullable, optional, withDefault } from '../schema/schema-types.ts';
import { TOPIC_NAME } from '../topic-name.ts';
import { CURSOR_OR_NOW } from './bridge.ts';

/* The start of a worker reads what bridge.ts has, and not these (docs/decisions/0012). */

/** Tab to worker, on the port. A port message does not start a stopped worker, but a call does. */
export const TAB_MESSAGE = union('type', {
  join: { topic: TOPIC_NAME, cursor: CURSOR_OR_NOW },
  leave: { topic: TOPIC_NAME },
  /** Requests the members of a topic that the tab has joined. `state`: what the tab publishes about itself, as JSON. */
  present: { topic: TOPIC_NAME, state: string },
  absent: { topic: TOPIC_NAME },
  /** `again`: `null` for one that was never open, else its last memo ('': none). It gets a new connection. */
  'socket-open': {
    socket: NAME,
    url: string,
    /** Any length: tokens travel here too. The page has checked the characters. */
    protocols: withDefault(list(string), [] as readonly string[]),
    again: withDefault(nullable(string), null),
  },
  'socket-send': { socket: NAME, data },
  'socket-close': { socket: NAME, code: optional(number), reason: withDefault(string, '') },
  visible: { visible: withDefault(boolean, false) },
  read: {},
  bye: {},
});
export type TabMessage = Infer<typeof TAB_MESSAGE>;

/** A tab's state becomes part of a frame unchanged, so it must be JSON. `JSON.stringify(undefined)` is `undefined`. */
const canonicalJson = (json: string): string | undefined => JSON.stringify(parseJson(json));

export const parseTabMessage = (value: unknown): TabMessage | undefined => {
  const message = TAB_MESSAGE.read(value);
  if (message?.type !== 'present') return message;
  const state = canonicalJson(message.state);
  return state !== undefined && state.length <= MAX_STATE_LENGTH ? { ...message, state } : undefined;
};
