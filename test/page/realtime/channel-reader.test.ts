import { describe, expect, test } from 'vitest';
import { createReader } from '../../../src/page/realtime/channel-reader.ts';
import type { TopicEvent } from '../../../src/page/types/channel-types.ts';

const message = (offset: number): TopicEvent => ({ type: 'message', topic: 't', epoch: 'e', offset, data: null });

describe('a reader', () => {
  test('returns events to waiting calls, and keeps the others', async () => {
    const reader = createReader('t', () => {});
    const waiting = [reader.next(), reader.next()];
    for (const offset of [1, 2, 3]) reader.push(message(offset));
    expect(await Promise.all([...waiting, reader.next()])).toEqual(
      [1, 2, 3].map((offset) => ({ done: false, value: message(offset) })),
    );
  });

  test('replaces unread events with a gap when the reader is slow', async () => {
    const reader = createReader('t', () => {});
    for (let offset = 1; offset <= 1_001; offset += 1) reader.push(message(offset));
    reader.push(message(1_002));
    expect((await reader.next()).value).toEqual({ type: 'gap', topic: 't', from: 1, to: 1_001 });
    expect((await reader.next()).value).toEqual(message(1_002));
  });

  test('leaves the end of a gap open when it includes an open gap', async () => {
    const reader = createReader('t', () => {});
    reader.push(message(1));
    reader.push({ type: 'gap', topic: 't', from: 2, to: 0 });
    for (let offset = 1; offset <= 999; offset += 1) reader.push(message(offset));
    expect((await reader.next()).value).toEqual({ type: 'gap', topic: 't', from: 1, to: 0 });
  });

  test('ends each waiting call, and calls `onClose` once, when it is closed twice', async () => {
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

  test('closes when the caller leaves the loop', async () => {
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
