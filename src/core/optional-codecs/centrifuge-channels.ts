import { isObject, own, stringAt, type JsonObject } from '../../protocol/schema/json.ts';
import type { Suspects } from '../socket/suspects.ts';
import {
  advanceStream,
  answerFrom,
  publicationsOf,
  recovery,
  streamOf,
  withoutCompression,
  type Stream,
} from './centrifuge-subscription.ts';

/** A client subscribes again after this code, and stays unsubscribed after a smaller one. */
const INSUFFICIENT_STATE = { code: 2500, reason: 'insufficient state' };
const ALREADY_SUBSCRIBED = { code: 105, message: 'already subscribed' };
const LIMIT_EXCEEDED = { code: 106, message: 'limit exceeded' };
const MAX_CHANNELS = 4_096;

/** `asked`: the id of a subscribe that waits for its answer. `lapsed`: its client subscribes again. */
type Member = { state: 'asked'; id: number; request: JsonObject } | { state: 'joined' | 'lapsed' };
/** `request`: the subscribe of the first tab. */
type Channel<E> = {
  members: Map<E, Member>;
  request: JsonObject;
  token: unknown;
  state: 'waiting' | 'sent' | 'joined';
  stream: Stream | undefined;
};

export type SharedChannelsOptions<E> = {
  suspects: Suspects;
  now(): number;
  sendTo(entry: E, message: JsonObject): void;
  /** Sends a subscribe of the codec. Its answer goes to `answered`. */
  subscribe(name: string, request: JsonObject): void;
  unsubscribe(name: string): void;
};

/** The channels of all tabs. Each is one subscription on the connection. */
export type SharedChannels<E> = {
  ask(entry: E, id: number, request: JsonObject): void;
  leave(entry: E, name: string): void;
  leaveAll(entry: E): void;
  /** The tab's newest token, for the next subscribe. */
  renew(name: string, token: unknown): void;
  sendWaiting(): void;
  answered(name: string, answer: JsonObject): void;
  refused(name: string, error: unknown): void;
  /** Whether the push belongs to a channel of a tab. */
  push(name: string, push: JsonObject): boolean;
  /** `guilty`: as in `suspects`. */
  closed(guilty: string, error: JsonObject): void;
  clear(): void;
};

export const createSharedChannels = <E>({
  suspects,
  now,
  sendTo,
  subscribe,
  unsubscribe,
}: SharedChannelsOptions<E>): SharedChannels<E> => {
  const channels = new Map<string, Channel<E>>();
  const keyOf = (name: string): string => `channel ${name}`;
  const pushTo = (entry: E, name: string, push: JsonObject): void =>
    sendTo(entry, { push: { channel: name, ...push } });

  const drop = (name: string): void => {
    channels.delete(name);
    suspects.forget(keyOf(name));
  };

  const leave = (entry: E, name: string): void => {
    const channel = channels.get(name);
    if (!channel?.members.delete(entry) || channel.members.size > 0) return;
    drop(name);
    if (channel.state !== 'waiting') unsubscribe(name);
  };

  const publish = (name: string, channel: Channel<E>, publication: JsonObject): void => {
    if (channel.stream && !advanceStream(channel.stream, publication)) return;
    for (const [entry, { state }] of channel.members) if (state === 'joined') pushTo(entry, name, { pub: publication });
  };

  /** The clients subscribe again, and learn whether something is missing. */
  const lapse = (name: string, channel: Channel<E>): void => {
    for (const [entry, { state }] of channel.members) {
      if (state !== 'joined') continue;
      channel.members.set(entry, { state: 'lapsed' });
      pushTo(entry, name, { unsubscribe: INSUFFICIENT_STATE });
    }
  };

  /** Ends the channel: those who wait get the error, and the others are unsubscribed. */
  const end = (name: string, channel: Channel<E>, error: unknown, reason: JsonObject): void => {
    drop(name);
    for (const [entry, member] of channel.members)
      if (member.state === 'asked') sendTo(entry, { id: member.id, error });
      else if (member.state === 'joined') pushTo(entry, name, { unsubscribe: reason });
  };

  return {
    ask: (entry, id, request) => {
      const name = stringAt(request, 'channel') ?? '';
      const known = channels.get(name);
      const state = known?.members.get(entry)?.state;
      if (state === 'joined' || state === 'asked') return sendTo(entry, { id, error: ALREADY_SUBSCRIBED });
      if (!known && channels.size >= MAX_CHANNELS) return sendTo(entry, { id, error: LIMIT_EXCEEDED });
      if (known?.state === 'joined' && known.stream) {
        known.members.set(entry, { state: 'joined' });
        return sendTo(entry, { id, subscribe: answerFrom(known.stream, request) });
      }
      const token = own(request, 'token');
      const channel = known ?? { members: new Map(), request, token, state: 'waiting', stream: undefined };
      channel.members.set(entry, { state: 'asked', id, request });
      channels.set(name, channel);
    },
    leave,
    leaveAll: (entry) => {
      for (const name of [...channels.keys()]) leave(entry, name);
    },
    renew: (name, token) => {
      const channel = channels.get(name);
      if (channel) channel.token = token;
    },
    sendWaiting: () => {
      for (const [name, channel] of channels) {
        if (channel.state !== 'waiting' || !suspects.maySend(keyOf(name), now())) continue;
        const { request, token, stream } = channel;
        channel.state = 'sent';
        suspects.sent(keyOf(name), now());
        subscribe(name, {
          ...withoutCompression(request),
          ...(token !== undefined && { token }),
          ...(stream && recovery(stream)),
        });
      }
    },
    answered: (name, answer) => {
      const channel = channels.get(name);
      if (channel?.state !== 'sent') return;
      const former = channel.stream;
      const isRecovered = former !== undefined && own(answer, 'recovered') === true;
      suspects.answered(keyOf(name));
      channel.state = 'joined';
      if (isRecovered) for (const publication of publicationsOf(answer)) publish(name, channel, publication);
      const stream = (channel.stream = isRecovered ? former : streamOf(answer));
      if (former && !isRecovered) lapse(name, channel);
      for (const [entry, member] of channel.members) {
        if (member.state !== 'asked') continue;
        channel.members.set(entry, { state: 'joined' });
        const isIts = !former && member.request === channel.request;
        sendTo(entry, { id: member.id, subscribe: isIts ? answer : answerFrom(stream, member.request) });
      }
    },
    refused: (name, error) => {
      const channel = channels.get(name);
      if (channel?.state === 'sent') end(name, channel, error, INSUFFICIENT_STATE);
    },
    push: (name, push) => {
      const channel = channels.get(name);
      if (!channel) return false;
      const publication = own(push, 'pub');
      if (isObject(publication)) publish(name, channel, publication);
      else {
        if (own(push, 'unsubscribe') !== undefined) drop(name);
        for (const [entry, { state }] of channel.members) if (state === 'joined') sendTo(entry, { push });
      }
      return true;
    },
    closed: (guilty, error) => {
      for (const [name, channel] of channels) {
        channel.state = 'waiting';
        if (keyOf(name) === guilty) end(name, channel, error, { code: 107, reason: 'refused' });
      }
    },
    clear: () => channels.clear(),
  };
};
