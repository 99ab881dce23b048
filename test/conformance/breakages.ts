import { randomUUID } from 'node:crypto';
import type { Breakage, BrokenWire } from './broken-hub.ts';

const drop =
  (kind: string): NonNullable<Breakage['fromServer']> =>
  (frame) =>
    frame[0] === kind ? [] : [frame];

const deaf =
  (kind: string): NonNullable<Breakage['fromClient']> =>
  (frame, text) =>
    frame?.[0] === kind ? [] : [text];

const rewrite =
  (
    kind: string,
    change: (frame: readonly unknown[], wire: BrokenWire) => readonly unknown[],
  ): NonNullable<Breakage['fromClient']> =>
  (frame, text, wire) =>
    frame?.[0] === kind ? [JSON.stringify(change(frame, wire))] : [text];

/** Answers every wrong frame with silence. */
const lenient: Breakage = {
  fromClient: (frame, text) => (frame === undefined || frame[1] === 'x' ? [] : [text]),
};

/** Gives each publication a name of its own, so that nothing is ever known again. */
const forgetful: Breakage = {
  fromClient: rewrite('pub', ([, id, ...rest], { memory }) => {
    const alias = randomUUID();
    memory.set(alias, id);
    return ['pub', alias, ...rest];
  }),
  fromServer: (frame, { memory }) =>
    frame[0] === 'ack' ? [['ack', memory.get(String(frame[1])) ?? frame[1], frame[2]]] : [frame],
};

/** Two events change places. */
const disorderly: Breakage = {
  fromServer: (frame, { memory }) => {
    if (frame[0] !== 'ev') return [frame];
    const held = memory.get('held') as readonly unknown[] | undefined;
    memory.set('held', held ? undefined : frame);
    return held ? [frame, held] : [];
  },
};

/** For each check a server that fails it, by the name of the check. */
export const BREAKAGES: Readonly<Record<string, Breakage>> = {
  'refuses a ticket without authorization': { gives: 'anyone' },
  'chooses the version as subprotocol, never the ticket': { choose: (offered) => offered.at(-1) ?? '' },
  'accepts a ticket for one socket only': { takes: 'anything' },
  'closes with 4401 when the ticket is unknown': { close: (code) => (code === 4401 ? 1000 : code) },
  'refuses a socket from a page of another origin': { opens: 'any origin' },
  'answers the greeting with valid limits and times': {
    fromServer: (frame) => (frame[0] === 'hello' ? [['hello', { ...(frame[1] as object), resumed: false }]] : [frame]),
  },
  'closes with 1007 when a frame comes before the greeting': {
    fromClient: (frame, text, { memory }) => {
      const first = !memory.has('greeted');
      memory.set('greeted', true);
      return first && frame?.[0] !== 'hi' ? [JSON.stringify(['hi', { host: randomUUID(), epoch: 1 }]), text] : [text];
    },
  },
  'closes with 1007 when a message is no frame': lenient,
  'closes with 1007 when text is not UTF-8': { close: (code) => (code === 1007 ? 1000 : code) },
  'ignores a frame of a later version': {
    fromClient: (frame, text, wire) => {
      if (frame?.[0] === 'later-than-1') wire.shut(1007);
      return [text];
    },
  },
  'closes with 1009 when a frame exceeds maxBytes': {
    fromClient: (_frame, text) => (text.length > 60_000 ? [] : [text]),
  },
  'answers a ping with the same number': {
    fromServer: (frame) => [frame[0] === 'q' ? ['q', Number(frame[1]) + 1] : frame],
  },
  'pings an idle client within the heartbeat': { fromServer: drop('p') },
  'closes a client that is silent for a heartbeat and 3 s': { close: () => undefined },
  'acknowledges messages, and delivers each once and in order to every subscriber': disorderly,
  'stores a repeated message once, and acknowledges it with the same offset': forgetful,
  'rejects an invalid message by its id, and keeps the socket open': { fromServer: drop('nak') },
  'resumes a cursor, and delivers each later message once and in order': {
    fromClient: rewrite('sub', ([kind, request, topic]) => [kind, request, topic, null]),
  },
  'reports a gap of unknown size when a cursor is of another history or beyond the newest offset': {
    fromServer: drop('gap'),
  },
  'sends no more events after unsub': { fromClient: deaf('unsub') },
  'closes a socket that does not greet': { close: () => undefined },
  'closes with 4429 and a retry time when a socket has too many topics': {
    close: (code) => (code === 4429 ? 1000 : code),
  },
  'accepts the longest topic name, and closes with 1007 at a longer one': {
    fromClient: rewrite('sub', ([kind, request, topic, cursor]) => [
      kind,
      request,
      String(topic).slice(0, 128),
      cursor,
    ]),
  },
  'closes an older worker with 4409 when a newer worker of its host greets': {
    fromClient: rewrite('hi', () => ['hi', { host: randomUUID(), epoch: 1 }]),
  },
  'renews the authorization on the open socket': { fromServer: drop('authok') },
  'closes with 4401 when a renewal uses an unknown ticket': { fromClient: deaf('auth') },
  'sends the presence list on request, and keeps a host listed while its worker restarts': {
    // Reports each change as if the restarting host had left in between.
    fromServer: (frame) => (frame[0] === 'here' ? [frame, ['here', frame[1], []]] : [frame]),
  },
  'sends the presence state of a host to the others, and keeps it listed when it soon returns': {
    fromClient: rewrite('unsub', ([kind, topic]) => [kind, topic]),
  },
};
