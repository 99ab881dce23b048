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
  'a ticket needs authorization': { gives: 'anyone' },
  'the chosen subprotocol is the version, never the ticket': { choose: (offered) => offered.at(-1) ?? '' },
  'a ticket opens one socket': { takes: 'anything' },
  'a ticket that nobody gave opens nothing: 4401': { close: (code) => (code === 4401 ? 1000 : code) },
  'a page of another origin cannot dial': { opens: 'any origin' },
  'the greeting is answered with all that a client has to know': {
    fromServer: (frame) => (frame[0] === 'hello' ? [['hello', { ...(frame[1] as object), resumed: false }]] : [frame]),
  },
  'nothing is answered before the greeting: 1007': {
    fromClient: (frame, text, { memory }) => {
      const first = !memory.has('greeted');
      memory.set('greeted', true);
      return first && frame?.[0] !== 'hi' ? [JSON.stringify(['hi', { host: randomUUID(), epoch: 1 }]), text] : [text];
    },
  },
  'what is no frame closes: 1007': lenient,
  'text that is not UTF-8 closes: 1007': { close: (code) => (code === 1007 ? 1000 : code) },
  'a frame of a later version is passed over': {
    fromClient: (frame, text, wire) => {
      if (frame?.[0] === 'later-than-1') wire.shut(1007);
      return [text];
    },
  },
  'a frame beyond maxBytes closes: 1009': { fromClient: (_frame, text) => (text.length > 60_000 ? [] : [text]) },
  'a probe is answered with its own number': {
    fromServer: (frame) => [frame[0] === 'q' ? ['q', Number(frame[1]) + 1] : frame],
  },
  'an idle client is probed within the heartbeat': { fromServer: drop('p') },
  'a client that is silent for a heartbeat and 3 s is cut off': { close: () => undefined },
  'what is published is acknowledged, and heard once and in order by every subscriber': disorderly,
  'the same publication again is stored once, and acknowledged alike': forgetful,
  'a publication that cannot be is refused by its id, and the socket stays': { fromServer: drop('nak') },
  'a cursor is resumed: what came after it, once and in order': {
    fromClient: rewrite('sub', ([kind, request, topic]) => [kind, request, topic, null]),
  },
  'a cursor of another history, or beyond the newest, is told as a gap of unknown size': { fromServer: drop('gap') },
  'after unsub nothing more comes': { fromClient: deaf('unsub') },
  'a client that does not greet is not kept': { close: () => undefined },
  'more topics than a socket may have close it: 4429, and when to come back': {
    close: (code) => (code === 4429 ? 1000 : code),
  },
  'the longest name of a topic is one, a longer one closes: 1007': {
    fromClient: rewrite('sub', ([kind, request, topic, cursor]) => [
      kind,
      request,
      String(topic).slice(0, 128),
      cursor,
    ]),
  },
  'a newer worker of a host fences the older one off: 4409': {
    fromClient: rewrite('hi', () => ['hi', { host: randomUUID(), epoch: 1 }]),
  },
  'authorization is renewed in band': { fromServer: drop('authok') },
  'renewal with a ticket that nobody gave closes: 4401': { fromClient: deaf('auth') },
  'who is here is told to those who ask, and a worker that restarts neither leaves nor comes': {
    // Each change is told as if the host that restarts had left in between.
    fromServer: (frame) => (frame[0] === 'here' ? [frame, ['here', frame[1], []]] : [frame]),
  },
  'what a host says of itself is told to the others; one that is soon back has not left': {
    fromClient: rewrite('unsub', ([kind, topic]) => [kind, topic]),
  },
};
