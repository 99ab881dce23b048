import { randomUUID } from 'node:crypto';
import { CLOSE_CODE, SUBPROTOCOL } from '../../src/protocol/frames.ts';
import { authorityChecks } from './authority.ts';
import { limitChecks } from './bounds.ts';
import { check, type ConformanceCheck } from './wire.ts';

const EVENTS = 40;
const SILENCE_LIMIT_MS = 3_000;
const HEARTBEAT_MAX_MS = 60_000;

const upTo = (count: number, from = 1): readonly number[] => Array.from({ length: count }, (_, index) => index + from);
const sameNumbers = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join();

const openingChecks: readonly ConformanceCheck[] = [
  {
    name: 'refuses a ticket without authorization',
    section: '1',
    run: async (tester) => {
      await tester.ticket();
      const { status } = await tester.requestTicket({});
      check(status === 401 || status === 403, `without authorization the answer is ${status}`);
    },
  },
  {
    name: 'chooses the version as subprotocol, never the ticket',
    section: '2',
    run: async (tester) => {
      const { ws } = await tester.dial();
      check(ws.protocol === SUBPROTOCOL, `the server chose "${ws.protocol}"`);
    },
  },
  {
    name: 'accepts a ticket for one socket only',
    section: '2',
    run: async (tester) => {
      const ticket = await tester.ticket();
      await tester.dial(ticket);
      await (await tester.dial(ticket)).closesWith([CLOSE_CODE.unauthorized]);
    },
  },
  {
    name: 'closes with 4401 when the ticket is unknown',
    section: '2',
    run: async (tester) => void (await (await tester.dial('made-up')).closesWith([CLOSE_CODE.unauthorized])),
  },
  {
    name: 'refuses a socket from a page of another origin',
    section: '2',
    run: async (tester) => {
      const wire = await tester.dial(undefined, 'https://evil.example');
      check(wire.ws.protocol === '', 'the handshake was completed');
    },
  },
  {
    name: 'answers the greeting with valid limits and times',
    section: '3',
    run: async (tester) => {
      const host = tester.name();
      const hello = await (await tester.greet(host)).hello();
      check(!hello.resumed, 'the server resumed an unknown host');
      check(hello.heartbeatMs > 0 && hello.heartbeatMs <= HEARTBEAT_MAX_MS, `heartbeatMs is ${hello.heartbeatMs}`);
      check(hello.maxBytes >= 1_024, `maxBytes is ${hello.maxBytes}`);
      check(hello.expiresAt > hello.now, 'expiresAt is not after now');
      check((await (await tester.greet(host, 2)).hello()).resumed, 'the server did not resume a known host');
    },
  },
  {
    name: 'closes with 1007 when a frame comes before the greeting',
    section: '3',
    run: async (tester) => {
      const wire = await tester.dial();
      wire.send(['sub', 1, tester.name(), null]);
      await wire.closesWith([CLOSE_CODE.badFrame]);
    },
  },
];

const frameChecks: readonly ConformanceCheck[] = [
  {
    name: 'closes with 1007 when a message is no frame',
    section: '4',
    run: async (tester) => {
      for (const bad of ['not json', '{}', '["sub","x"]', Buffer.from([0xff, 0x00])]) {
        const wire = await tester.greet();
        wire.sendRaw(bad);
        await wire.closesWith([CLOSE_CODE.badFrame, 1003]);
      }
    },
  },
  {
    name: 'closes with 1007 when text is not UTF-8',
    section: '4',
    run: async (tester) => {
      const wire = await tester.greet();
      wire.ws.send(Buffer.from([0x5b, 0x22, 0xc3, 0x28, 0x22, 0x5d]), { binary: false });
      await wire.closesWith([CLOSE_CODE.badFrame]);
    },
  },
  {
    name: 'ignores a frame of a later version',
    section: '4',
    run: async (tester) => {
      const wire = await tester.greet();
      wire.send(['later-than-1', { a: 1 }]);
      wire.send(['p', 5]);
      await wire.until('q', (frame) => (frame[0] === 'q' ? true : undefined));
    },
  },
  {
    name: 'closes with 1009 when a frame exceeds maxBytes',
    section: '4',
    run: async (tester) => {
      const wire = await tester.greet();
      const { maxBytes } = await wire.hello();
      wire.send(['pub', randomUUID(), tester.name(), 'x'.repeat(maxBytes)]);
      await wire.closesWith([CLOSE_CODE.tooBig]);
    },
  },
  {
    name: 'answers a ping with the same number',
    section: '5',
    run: async (tester) => {
      const wire = await tester.greet();
      wire.send(['p', 1_234.5]);
      const answer = await wire.until('q', (frame) => (frame[0] === 'q' ? frame[1] : undefined));
      check(answer === 1_234.5, `1234.5 was answered with ${answer}`);
    },
  },
  {
    name: 'pings an idle client within the heartbeat',
    section: '5',
    run: async (tester) => {
      const wire = await tester.greet();
      const { heartbeatMs } = await wire.hello();
      await wire.until('p', (frame) => (frame[0] === 'p' ? true : undefined), heartbeatMs);
    },
  },
  {
    name: 'closes a client that is silent for a heartbeat and 3 s',
    section: '5',
    run: async (tester) => {
      const wire = await tester.greet();
      const { heartbeatMs } = await wire.hello();
      // A terminated socket shows 1006. A server may also send a close code.
      await wire.closesWith([1006, 1001, CLOSE_CODE.silent], heartbeatMs + SILENCE_LIMIT_MS + tester.target.answerMs);
    },
  },
];

const topicChecks: readonly ConformanceCheck[] = [
  {
    name: 'acknowledges messages, and delivers each once and in order to every subscriber',
    section: '6',
    run: async (tester) => {
      const topic = tester.name();
      const [writer, reader] = [await tester.greet(), await tester.greet()];
      const { at } = await reader.subscribe(topic, null);
      const acks = await Promise.all(upTo(EVENTS).map((n) => writer.publish(topic, n)));
      check(sameNumbers(acks, upTo(EVENTS, at.offset + 1)), `acknowledged as ${acks.join()}`);
      await reader.until('the last event', (frame) =>
        frame[0] === 'ev' && frame[3] >= at.offset + EVENTS ? true : undefined,
      );
      const received = reader.events(topic);
      check(
        sameNumbers(
          received.map(({ offset }) => offset),
          acks,
        ),
        `received ${received.map(({ offset }) => offset).join()}`,
      );
      check(
        received.every(({ data }, index) => data === index + 1),
        'the data differ from the published data',
      );
    },
  },
  {
    name: 'stores a repeated message once, and acknowledges it with the same offset',
    section: '6',
    run: async (tester) => {
      const [topic, id] = [tester.name(), randomUUID()];
      const wire = await tester.greet();
      await wire.subscribe(topic, null);
      const [first, again] = [await wire.publish(topic, 1, id), await wire.publish(topic, 1, id)];
      check(first === again, `acknowledged as ${first}, then as ${again}`);
      const next = await wire.publish(topic, 2);
      check(next === first + 1, `the next one has offset ${next}, not ${first + 1}`);
    },
  },
  {
    name: 'rejects an invalid message by its id, and keeps the socket open',
    section: '6',
    run: async (tester) => {
      const wire = await tester.greet();
      wire.send(['pub', 'refuse-me', '', 1]);
      await wire.until('nak', (frame) => (frame[0] === 'nak' && frame[1] === 'refuse-me' ? true : undefined));
      await wire.publish(tester.name(), 1);
    },
  },
  {
    name: 'resumes a cursor, and delivers each later message once and in order',
    section: '7',
    run: async (tester) => {
      const topic = tester.name();
      const writer = await tester.greet();
      const { at } = await writer.subscribe(topic, null);
      for (const n of upTo(EVENTS)) await writer.publish(topic, n);
      const reader = await tester.greet();
      const from = { ...at, offset: at.offset + 10 };
      check((await reader.subscribe(topic, from)).resumed, 'the server did not resume a cursor in its history');
      await reader.until('the last event', (frame) =>
        frame[0] === 'ev' && frame[3] >= at.offset + EVENTS ? true : undefined,
      );
      const received = reader.events(topic).map(({ offset }) => offset);
      check(sameNumbers(received, upTo(EVENTS - 10, from.offset + 1)), `received ${received.join()}`);
    },
  },
  {
    name: 'reports a gap of unknown size when a cursor is of another history or beyond the newest offset',
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
        check(!resumed && now.offset === at.offset, 'the server resumed the cursor');
        const gaps = wire.frames.filter((frame) => frame[0] === 'gap' && frame[1] === topic && frame[4] === 0);
        check(gaps.length === request + 1, 'the server sent no gap');
      }
    },
  },
  {
    name: 'sends no more events after unsub',
    section: '7',
    run: async (tester) => {
      const topic = tester.name();
      const wire = await tester.greet();
      await wire.subscribe(topic, null);
      wire.send(['unsub', topic]);
      await wire.publish(topic, 1);
      wire.send(['p', 1]);
      await wire.until('q', (frame) => (frame[0] === 'q' ? true : undefined));
      check(wire.events(topic).length === 0, 'the server sent an event');
    },
  },
];

export const CONFORMANCE_CHECKS: readonly ConformanceCheck[] = [
  ...openingChecks,
  ...frameChecks,
  ...topicChecks,
  ...limitChecks,
  ...authorityChecks,
];
