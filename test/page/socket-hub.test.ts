import { afterEach, expect, test } from 'vitest';
import { createSocketHub, type SocketFrame, type SocketHub } from '../../src/page/realtime/socket-hub.ts';

/* With a real message channel between the tasks. What runs between two messages is a browser's: socket-cases-handler.ts. */

const hubs: SocketHub[] = [];
afterEach(() => hubs.splice(0).forEach((hub) => hub.close()));

/** A hub with one socket `s`; what it was told, in order, and a promise of so much of it. */
const start = () => {
  const hub = createSocketHub(() => true);
  hubs.push(hub);
  const told: unknown[] = [];
  let look = (): void => undefined;
  const note = (each: unknown): void => {
    told.push(each);
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
      look = () => told.length >= count && resolve();
      look();
    });
  return { hub, told, until };
};

const TAKEN: SocketFrame = { type: 'socket-taken', socket: 's', count: 1 };
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('what comes alone is passed on in its own task', () => {
  const { hub, told } = start();
  hub.receiveBatch(['s', 'one']);
  expect(told).toEqual(['one']);
});

test('more than a task passes on keeps its order, among itself and with other news', async () => {
  const { hub, told, until } = start();
  hub.receiveBatch(['s', ...numbers(1_000)]);
  hub.receive(TAKEN);
  hub.receiveBatch(['s', 'last']);
  expect(told, 'the first needs no other task').toEqual([0]);
  await until(1_002);
  expect(told).toEqual([...numbers(1_000), TAKEN.type, 'last']);
});

test('a worker of protocol 3 says it in frames: passed on as well, the other frames of the message behind it', async () => {
  const { hub, told, until } = start();
  hub.receive({ type: 'socket-messages', socket: 's', run: { data: ['one', 'two'], bytes: 6 } });
  hub.receive(TAKEN);
  hub.receive({ type: 'socket-messages', socket: 's', run: { data: [], bytes: 0 } });
  hub.receive({ type: 'socket-messages', socket: 's', run: { data: ['three'], bytes: 5 } });
  expect(told).toEqual(['one']);
  await until(4);
  expect(told).toEqual(['one', 'two', TAKEN.type, 'three']);
});

test('what is of no socket of this page, or is nothing, is nobody’s', async () => {
  const { hub, told, until } = start();
  hub.receiveBatch(['other', 'secret', 'secret']);
  hub.receiveBatch(['s']);
  hub.receiveBatch(['s', 'mine']);
  await until(1);
  expect(told).toEqual(['mine']);
});

test('a new port: what the former host still said comes before the question', () => {
  const { hub, told } = start();
  hub.receiveBatch(['s', 'one', 'two', 'three']);
  hub.reopen();
  expect(told).toEqual(['one', 'two', 'three', 'reopen']);
});
