import { describe, expect, test } from 'vitest';
import { createReader } from '../../src/page/realtime/channel-reader.ts';
import type { TopicEvent } from '../../src/page/types/channel-types.ts';

const message = (offset: number): TopicEvent => ({ type: 'message', topic: 't', epoch: 'e', offset, data: null });

describe('a reader', () => {
  test('gives events to whoever waits, and keeps them for whoever does not', async () => {
    const reader = createReader('t', () => {});
    const waiting = [reader.next(), reader.next()];
    for (const offset of [1, 2, 3]) reader.push(message(offset));
    expect(await Promise.all([...waiting, reader.next()])).toEqual(
      [1, 2, 3].map((offset) => ({ done: false, value: message(offset) })),
    );
  });

  test('turns what a slow reader has not taken into a gap', async () => {
    const reader = createReader('t', () => {});
    for (let offset = 1; offset <= 1_001; offset += 1) reader.push(message(offset));
    reader.push(message(1_002));
    expect((await reader.next()).value).toEqual({ type: 'gap', topic: 't', from: 1, to: 1_001 });
    expect((await reader.next()).value).toEqual(message(1_002));
  });

  test('a gap that swallows a gap without an end has no end', async () => {
    const reader = createReader('t', () => {});
    reader.push(message(1));
    reader.push({ type: 'gap', topic: 't', from: 2, to: 0 });
    for (let offset = 1; offset <= 999; offset += 1) reader.push(message(offset));
    expect((await reader.next()).value).toEqual({ type: 'gap', topic: 't', from: 1, to: 0 });
  });

  test('ends for everyone who waits, after what was there, and says so once', async () => {
    let closed = 0;
    const reader = createReader('t', () => {
      closed += 1;
    });
    const waiting = reader.next();
    reader.close();
    reader.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(closed).toBe(1);
  });

  test('leaving a loop ends it', async () => {
    let closed = 0;
    const reader = createReader('t', () => {
      closed += 1;
    });
    reader.push(message(1));
    reader.push(message(2));
    for await (const event of reader) {
      expect(event).toEqual(message(1));
      break;
    }
    expect(closed).toBe(1);
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });
});
