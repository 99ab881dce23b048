import { setMaxListeners } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { createSocketHub, type SocketFrame, type SocketHub } from '../../../src/page/realtime/socket-hub.ts';

/* Uses a real message channel between tasks. handler-cases.ts tests what a browser runs between two messages. */

// The hub adds a listener for each message of a task on purpose. Node takes more than ten for a leak.
setMaxListeners(0);

const hubs: SocketHub[] = [];
afterEach(() => hubs.splice(0).forEach((hub) => hub.close()));

/** A hub with one socket `s`, the calls that the socket received, and a promise for a number of them. */
const start = () => {
  const hub = createSocketHub();
  hub.connect(() => true);
  hubs.push(hub);
  const received: unknown[] = [];
  let look = (): void => undefined;
  const note = (each: unknown): void => {
    received.push(each);
    look();
  };
  hub.add('s', {
    reopen: () => note('reopen'),
    message: note,
    frame: ({ type }: SocketFrame) => note(type),
    abandon: () => undefined,
  });
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      look = () => received.length >= count && resolve();
      look();
    });
  return { hub, received, until };
};

const TAKEN: SocketFrame = { type: 'socket-taken', socket: 's', count: 1 };
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('delivers a single message in the same task', () => {
  const { hub, received } = start();
  hub.receiveBatch(['s', 'one']);
  expect(received).toEqual(['one']);
});

test('keeps the order of messages and frames when a batch needs several tasks', async () => {
  const { hub, received, until } = start();
  hub.receiveBatch(['s', ...numbers(1_000)]);
  hub.receive(TAKEN);
  hub.receiveBatch(['s', 'last']);
  expect(received, 'the first one is delivered in the same task').toEqual([0]);
  await until(1_002);
  expect(received).toEqual([...numbers(1_000), TAKEN.type, 'last']);
});

test('delivers the messages of a protocol 3 worker, which come in frames, in order', async () => {
  const { hub, received, until } = start();
  hub.receive({ type: 'socket-messages', socket: 's', run: { data: ['one', 'two'], bytes: 6 } });
  hub.receive(TAKEN);
  hub.receive({ type: 'socket-messages', socket: 's', run: { data: [], bytes: 0 } });
  hub.receive({ type: 'socket-messages', socket: 's', run: { data: ['three'], bytes: 5 } });
  expect(received).toEqual(['one']);
  await until(4);
  expect(received).toEqual(['one', 'two', TAKEN.type, 'three']);
});

test('ignores messages for an unknown socket, and empty batches', async () => {
  const { hub, received, until } = start();
  hub.receiveBatch(['other', 'secret', 'secret']);
  hub.receiveBatch(['s']);
  hub.receiveBatch(['s', 'mine']);
  await until(1);
  expect(received).toEqual(['mine']);
});

test('delivers all received messages before it reopens a socket on a new port', () => {
  const { hub, received } = start();
  hub.receiveBatch(['s', 'one', 'two', 'three']);
  hub.reopen();
  expect(received).toEqual(['one', 'two', 'three', 'reopen']);
});
