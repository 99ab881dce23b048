import { randomUUID } from 'node:crypto';
import { CLOSE_CODE, SUBPROTOCOL } from '../../src/protocol/frames.ts';
import { authority } from './authority.ts';
import { bounds } from './bounds.ts';
import type { Check } from './check.ts';
import { insist } from './wire.ts';

const EVENTS = 40;
const PATIENCE_MS = 3_000;
const HEARTBEAT_MAX_MS = 60_000;

const upTo = (count: number, from = 1): readonly number[] => Array.from({ length: count }, (_, index) => index + from);
const sameNumbers = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join();

const wayIn: readonly Check[] = [
  {
    name: 'a ticket needs authorization',
    section: '1',
    run: async (tester) => {
      await tester.ticket();
      const { status } = await tester.askForTicket({});
      insist(status === 401 || status === 403, `without authorization the answer is ${status}`);
    },
  },
  {
    name: 'the chosen subprotocol is the version, never the ticket',
    section: '2',
    run: async (tester) => {
      const { ws } = await tester.dial();
      insist(ws.protocol === SUBPROTOCOL, `the server chose "${ws.protocol}"`);
    },
  },
  {
    name: 'a ticket opens one socket',
    section: '2',
    run: async (tester) => {
      const ticket = await tester.ticket();
      await tester.dial(ticket);
      await (await tester.dial(ticket)).closesWith([CLOSE_CODE.unauthorized]);
    },
  },
  {
    name: 'a ticket that nobody gave opens nothing: 4401',
    section: '2',
    run: async (tester) => void (await (await tester.dial('made-up')).closesWith([CLOSE_CODE.unauthorized])),
  },
  {
    name: 'a page of another origin cannot dial',
    section: '2',
    run: async (tester) => {
      const wire = await tester.dial(undefined, 'https://evil.example');
      insist(wire.ws.protocol === '', 'the handshake was completed');
    },
  },
  {
    name: 'the greeting is answered with all that a client has to know',
    section: '3',
    run: async (tester) => {
      const host = tester.name();
      const hello = await (await tester.greet(host)).hello();
      insist(!hello.resumed, 'resumed a host that it cannot know');
      insist(hello.heartbeatMs > 0 && hello.heartbeatMs <= HEARTBEAT_MAX_MS, `heartbeatMs is ${hello.heartbeatMs}`);
      insist(hello.maxBytes >= 1_024, `maxBytes is ${hello.maxBytes}`);
      insist(hello.expiresAt > hello.now, 'the authorization has ended already');
      insist((await (await tester.greet(host, 2)).hello()).resumed, 'did not know the host again');
    },
  },
  {
    name: 'nothing is answered before the greeting: 1007',
    section: '3',
    run: async (tester) => {
      const wire = await tester.dial();
      wire.send(['sub', 1, tester.name(), null]);
      await wire.closesWith([CLOSE_CODE.badFrame]);
    },
  },
];

const frames: readonly Check[] = [
  {
    name: 'what is no frame closes: 1007',
    section: '4',
    run: async (tester) => {
      for (const bad of ['not json', '{}', '["sub","x"]', Buffer.from([0xff, 0x00])]) {
        const wire = await tester.greet();
        wire.say(bad);
        await wire.closesWith([CLOSE_CODE.badFrame, 1003]);
      }
    },
  },
  {
    name: 'text that is not UTF-8 closes: 1007',
    section: '4',
    run: async (tester) => {
      const wire = await tester.greet();
      wire.ws.send(Buffer.from([0x5b, 0x22, 0xc3, 0x28, 0x22, 0x5d]), { binary: false });
      await wire.closesWith([CLOSE_CODE.badFrame]);
    },
  },
  {
    name: 'a frame of a later version is passed over',
    section: '4',
    run: async (tester) => {
      const wire = await tester.greet();
      wire.send(['later-than-1', { a: 1 }]);
      wire.send(['p', 5]);
      await wire.until('q', (frame) => (frame[0] === 'q' ? true : undefined));
    },
  },
  {
    name: 'a frame beyond maxBytes closes: 1009',
    section: '4',
    run: async (tester) => {
      const wire = await tester.greet();
      const { maxBytes } = await wire.hello();
      wire.send(['pub', randomUUID(), tester.name(), 'x'.repeat(maxBytes)]);
      await wire.closesWith([CLOSE_CODE.tooBig]);
    },
  },
  {
    name: 'a probe is answered with its own number',
    section: '5',
    run: async (tester) => {
      const wire = await tester.greet();
      wire.send(['p', 1_234.5]);
      const answer = await wire.until('q', (frame) => (frame[0] === 'q' ? frame[1] : undefined));
      insist(answer === 1_234.5, `1234.5 was answered with ${answer}`);
    },
  },
  {
    name: 'an idle client is probed within the heartbeat',
    section: '5',
    run: async (tester) => {
      const wire = await tester.greet();
      const { heartbeatMs } = await wire.hello();
      await wire.until('p', (frame) => (frame[0] === 'p' ? true : undefined), heartbeatMs);
    },
  },
  {
    name: 'a client that is silent for a heartbeat and 3 s is cut off',
    section: '5',
    run: async (tester) => {
      const wire = await tester.greet();
      const { heartbeatMs } = await wire.hello();
      // A cut is 1006 to whoever is still there to see it; a polite server says which code.
      await wire.closesWith([1006, 1001, CLOSE_CODE.silent], heartbeatMs + PATIENCE_MS + tester.target.answerMs);
    },
  },
];

const topics: readonly Check[] = [
  {
    name: 'what is published is acknowledged, and heard once and in order by every subscriber',
    section: '6',
    run: async (tester) => {
      const topic = tester.name();
      const [writer, reader] = [await tester.greet(), await tester.greet()];
      const { at } = await reader.subscribe(topic, null);
      const acks = await Promise.all(upTo(EVENTS).map((n) => writer.publish(topic, n)));
      insist(sameNumbers(acks, upTo(EVENTS, at.offset + 1)), `acknowledged as ${acks.join()}`);
      await reader.until('the last event', (frame) =>
        frame[0] === 'ev' && frame[3] >= at.offset + EVENTS ? true : undefined,
      );
      const heard = reader.events(topic);
      insist(
        sameNumbers(
          heard.map(({ offset }) => offset),
          acks,
        ),
        `heard ${heard.map(({ offset }) => offset).join()}`,
      );
      insist(
        heard.every(({ data }, index) => data === index + 1),
        'the data are others',
      );
    },
  },
  {
    name: 'the same publication again is stored once, and acknowledged alike',
    section: '6',
    run: async (tester) => {
      const [topic, id] = [tester.name(), randomUUID()];
      const wire = await tester.greet();
      await wire.subscribe(topic, null);
      const [first, again] = [await wire.publish(topic, 1, id), await wire.publish(topic, 1, id)];
      insist(first === again, `acknowledged as ${first}, then as ${again}`);
      const next = await wire.publish(topic, 2);
      insist(next === first + 1, `the next one has offset ${next}, not ${first + 1}`);
    },
  },
  {
    name: 'a publication that cannot be is refused by its id, and the socket stays',
    section: '6',
    run: async (tester) => {
      const wire = await tester.greet();
      wire.send(['pub', 'refuse-me', '', 1]);
      await wire.until('nak', (frame) => (frame[0] === 'nak' && frame[1] === 'refuse-me' ? true : undefined));
      await wire.publish(tester.name(), 1);
    },
  },
  {
    name: 'a cursor is resumed: what came after it, once and in order',
    section: '7',
    run: async (tester) => {
      const topic = tester.name();
      const writer = await tester.greet();
      const { at } = await writer.subscribe(topic, null);
      for (const n of upTo(EVENTS)) await writer.publish(topic, n);
      const reader = await tester.greet();
      const from = { ...at, offset: at.offset + 10 };
      insist((await reader.subscribe(topic, from)).resumed, 'a cursor that is covered was not resumed');
      await reader.until('the last event', (frame) =>
        frame[0] === 'ev' && frame[3] >= at.offset + EVENTS ? true : undefined,
      );
      const heard = reader.events(topic).map(({ offset }) => offset);
      insist(sameNumbers(heard, upTo(EVENTS - 10, from.offset + 1)), `heard ${heard.join()}`);
    },
  },
  {
    name: 'a cursor of another history, or beyond the newest, is told as a gap of unknown size',
    section: '7',
    run: async (tester) => {
      const topic = tester.name();
      const wire = await tester.greet();
      await wire.publish(topic, 1);
      const { at } = await wire.subscribe(topic, null);
      for (const [request, cursor] of [
        { epoch: 'another', offset: 5 },
        { ...at, offset: at.offset + 1_000 },
      ].entries()) {
        const { resumed, at: now } = await wire.subscribe(topic, cursor, request + 2);
        insist(!resumed && now.offset === at.offset, 'it was resumed');
        const gaps = wire.frames.filter((frame) => frame[0] === 'gap' && frame[1] === topic && frame[4] === 0);
        insist(gaps.length === request + 1, 'nobody was told');
      }
    },
  },
  {
    name: 'after unsub nothing more comes',
    section: '7',
    run: async (tester) => {
      const topic = tester.name();
      const wire = await tester.greet();
      await wire.subscribe(topic, null);
      wire.send(['unsub', topic]);
      await wire.publish(topic, 1);
      wire.send(['p', 1]);
      await wire.until('q', (frame) => (frame[0] === 'q' ? true : undefined));
      insist(wire.events(topic).length === 0, 'an event came');
    },
  },
];

export const CHECKS: readonly Check[] = [...wayIn, ...frames, ...topics, ...bounds, ...authority];
