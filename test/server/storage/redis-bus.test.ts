import { afterEach, expect, test } from 'vitest';
import type { EngineConnection } from '../../../server/redis/engine/connection.ts';
import { createKeys } from '../../../server/redis/engine/keys.ts';
import { createRedisBus, type RedisBus } from '../../../server/redis/redis-bus.ts';

let bus: RedisBus;
afterEach(() => bus.stop());

/** A bus whose connection does not work before it is opened, and how often it said that messages may be lost. */
const slowBus = () => {
  let isOpen = false;
  const subscribed: string[] = [];
  const connection = {
    async subscribe(channels: readonly string[]) {
      if (!isOpen) throw new Error('away');
      subscribed.push(...channels);
    },
    unsubscribe: () => Promise.resolve(),
  } as unknown as EngineConnection;
  const run = () => Promise.resolve(0);
  const engine = { run, script: run, parts: () => Promise.resolve([]), durable: { run, script: run } };
  bus = createRedisBus({ engine, keys: createKeys('sk:'), id: 'own' }, () => connection);
  const seen = { resumed: 0 };
  bus.onResumed(() => (seen.resumed += 1));
  const open = (): Promise<void> => {
    isOpen = true;
    return bus.onOpen(connection);
  };
  return { seen, subscribed, open };
};

test('says once that messages may be lost when a channel had to wait for the first connection', async () => {
  const { seen, subscribed, open } = slowBus();
  await bus.subscribe('events', () => undefined);
  expect([seen.resumed, subscribed]).toEqual([0, []]);
  await open();
  expect(seen.resumed).toBe(1);
  expect(subscribed.some((name) => name.endsWith('events'))).toBe(true);
  // Another connection of the store: what follows is for `onBack`, when all of them are there.
  await open();
  expect(seen.resumed).toBe(1);
  bus.onBack();
  expect(seen.resumed).toBe(2);
});

test('says nothing when the first connection comes before the first channel', async () => {
  const { seen, open } = slowBus();
  await open();
  await bus.subscribe('events', () => undefined);
  expect(seen.resumed).toBe(0);
});
