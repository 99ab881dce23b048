import { isObject, own, type JsonObject } from '../../protocol/schema/json.ts';
import {
  advanceStream,
  answerFrom,
  publicationsOf,
  recovery,
  streamOf,
  type Stream,
} from './centrifuge-subscription.ts';

/** The channels to which the server subscribes each client itself. */
export type ServerChannels = {
  /** What the codec adds to `connect`, so that the server sends what is missing. */
  recoveries(): JsonObject;
  /** The server has answered `connect`. `subs`: its field of that name. */
  connected(subs: JsonObject): void;
  /** What a tab gets in its answer to `connect`. `subs`: the field of its request. */
  answersFor(subs: JsonObject): JsonObject;
  /** A push of the server, for all tabs. */
  push(name: string, push: JsonObject): void;
  clear(): void;
};

const withSubs = (subs: readonly (readonly [string, JsonObject])[]): JsonObject =>
  subs.length > 0 ? { subs: Object.fromEntries<JsonObject>(subs) } : {};

export const createServerChannels = (sendToAll: (push: JsonObject) => void): ServerChannels => {
  let streams = new Map<string, Stream>();

  const onAnswer = (name: string, former: Stream | undefined, answer: JsonObject): void => {
    const stream = former && own(answer, 'recovered') === true ? former : streamOf(answer);
    streams.set(name, stream);
    if (former === stream) {
      for (const pub of publicationsOf(answer)) if (advanceStream(stream, pub)) sendToAll({ channel: name, pub });
    } else if (former) sendToAll({ channel: name, subscribe: answerFrom(stream, {}) });
  };

  return {
    recoveries: () => withSubs([...streams].map(([name, stream]) => [name, recovery(stream)])),
    connected: (subs) => {
      const former = streams;
      streams = new Map();
      for (const [name, answer] of Object.entries(subs)) if (isObject(answer)) onAnswer(name, former.get(name), answer);
    },
    answersFor: (subs) =>
      withSubs(
        [...streams].map(([name, stream]) => {
          const asked = own(subs, name);
          return [name, answerFrom(stream, isObject(asked) ? asked : {})];
        }),
      ),
    push: (name, push) => {
      const [stream, publication, subscribed] = [streams.get(name), own(push, 'pub'), own(push, 'subscribe')];
      if (stream && isObject(publication) && !advanceStream(stream, publication)) return;
      if (own(push, 'unsubscribe') !== undefined) streams.delete(name);
      if (isObject(subscribed)) streams.set(name, streamOf(subscribed));
      sendToAll(push);
    },
    clear: () => streams.clear(),
  };
};
