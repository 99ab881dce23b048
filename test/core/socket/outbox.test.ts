import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  byteLength,
  createOutbox,
  OUTBOX_MAX_BYTES,
  OUTBOX_MAX_ITEMS,
  outboxItem,
  type OutboxItem,
} from '../../../src/core/socket/outbox.ts';

const item = (id: string, json = '1', owner = 'u'): OutboxItem => ({ id, topic: 'a', json, owner });

test('counts the bytes of UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(byteLength(text)).toBe(new TextEncoder().encode(text).length);
    }),
  );
});

test('rejects a message when the outbox has the maximum count', () => {
  const outbox = createOutbox();
  for (let i = 0; i < OUTBOX_MAX_ITEMS; i++) expect(outbox.add(item(`p${i}`))).toBeUndefined();
  expect(outbox.add(item('one more'))).toEqual({
    code: 'over-limit',
    detail: 'outbox-messages',
    max: OUTBOX_MAX_ITEMS,
  });
  outbox.remove('p0');
  expect(outbox.add(item('one more'))).toBeUndefined();
});

test('rejects a message when the outbox has the maximum bytes, and accepts more after a removal', () => {
  const outbox = createOutbox();
  const half = 'x'.repeat(OUTBOX_MAX_BYTES / 2);
  expect(outbox.add(item('p1', half))).toBeUndefined();
  expect(outbox.add(item('p2', half))).toBeUndefined();
  expect(outbox.add(item('p3'))).toMatchObject({ code: 'over-limit' });
  expect(outbox.remove('p1')).toBe(true);
  expect(outbox.remove('p1')).toBe(false);
  expect(outbox.bytes).toBe(OUTBOX_MAX_BYTES / 2);
});

test('sends only saved messages, in the order of publishing', () => {
  const outbox = createOutbox();
  for (const id of ['p1', 'p2', 'p3']) outbox.add(item(id));
  outbox.saved('p3');
  outbox.saved('p1');
  expect(outbox.sendable('u').map(({ id }) => id)).toEqual(['p1', 'p3']);
});

test("sends a user's own messages and messages without an owner, but not those of another user", () => {
  const outbox = createOutbox();
  for (const made of [item('p1', '1', 'ann'), item('p2', '1', 'bob'), item('p3', '1', '')]) {
    outbox.add(made);
    outbox.saved(made.id);
  }
  expect(outbox.sendable('bob').map(({ id }) => id)).toEqual(['p2', 'p3']);
  expect(outbox.sendable(undefined).map(({ id }) => id)).toEqual(['p3']);
  expect(outbox.removeWhere(({ owner }) => owner === 'ann')).toEqual(['p1']);
  expect(outbox.size).toBe(2);
});

test('returns a problem when JSON cannot represent the data', () => {
  expect(outboxItem('p', 'a', undefined, '')).toMatchObject({ ok: true, value: { json: 'null' } });
  const circle: { self?: unknown } = {};
  circle.self = circle;
  expect(outboxItem('p', 'a', circle, '')).toMatchObject({ ok: false, problem: { code: 'bad-message' } });
});
