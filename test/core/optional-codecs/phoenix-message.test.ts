import { describe, expect, test } from 'vitest';
import {
  frameOf,
  parseFromServer,
  parseFromTab,
  replyOf,
  replyTo,
  type PhoenixMessage,
} from '../../../src/core/optional-codecs/phoenix-message.ts';

/* The layouts are those of Phoenix's own serializer, and of Supabase's for the kinds 3 and 4. */

const utf8 = new TextEncoder();
/** A binary frame: its kind, the length of each text, the texts, and the payload. */
const binary = (kind: number, texts: readonly string[], payload: readonly number[] = [1, 2, 255]): ArrayBuffer => {
  const encoded = texts.map((text) => utf8.encode(text));
  return Uint8Array.from([
    kind,
    ...encoded.map(({ length }) => length),
    ...encoded.flatMap((each) => [...each]),
    ...payload,
  ]).buffer;
};
const bytesOf = (frame: string | ArrayBuffer): number[] =>
  typeof frame === 'string' ? [] : [...new Uint8Array(frame)];
const known = (message: PhoenixMessage | undefined): PhoenixMessage => {
  if (!message) throw new Error('The frame is no message.');
  return message;
};

describe('a text frame', () => {
  test.each([
    ['["1","2","room:1","shout",{"a":1}]', { shape: 'list', joinRef: '1', ref: '2' }],
    ['[null,null,"room:1","shout",{"a":1}]', { shape: 'list', joinRef: null, ref: null }],
    [
      '{"topic":"room:1","event":"shout","payload":{"a":1},"ref":"2","join_ref":"1"}',
      { shape: 'object', joinRef: '1', ref: '2' },
    ],
    ['{"topic":"room:1","event":"shout","payload":{"a":1},"ref":"2"}', { shape: 'object', joinRef: null, ref: '2' }],
  ])('%s is read and written in the same way', (frame, expected) => {
    for (const parse of [parseFromTab, parseFromServer]) {
      const message = known(parse(frame));
      expect(message).toEqual({ ...expected, topic: 'room:1', event: 'shout', payload: { a: 1 } });
      expect(frameOf(message)).toBe(frame);
    }
  });

  test.each(['', 'no JSON', '1', '"text"', 'null', '[]', '[1,"2","room:1","shout",{}]', '["1",2,"room:1","shout",{}]'])(
    '%j is no message',
    (frame) => expect(parseFromServer(frame)).toBeUndefined(),
  );
  test.each(['["1","2",3,"shout",{}]', '["1","2","room:1",4,{}]', '["1","2",null,"shout",{}]', '{"topic":"room:1"}'])(
    '%j is no message either',
    (frame) => expect(parseFromServer(frame)).toBeUndefined(),
  );
});

describe('a binary frame', () => {
  const TOPIC = 'room:é';
  test.each([
    [
      'push of a tab',
      { parse: parseFromTab, kind: 0, texts: ['1', '23', TOPIC, 'shout'] },
      { joinRef: '1', ref: '23', event: '' },
    ],
    [
      'push of a Supabase tab',
      { parse: parseFromTab, kind: 3, texts: ['1', '23', TOPIC, 'e', 'm', ''] },
      { joinRef: '1', ref: '23', event: '' },
    ],
    [
      'push of a server',
      { parse: parseFromServer, kind: 0, texts: ['1', TOPIC, 'shout'] },
      { joinRef: '1', ref: null, event: '' },
    ],
    [
      'reply',
      { parse: parseFromServer, kind: 1, texts: ['1', '23', TOPIC, 'ok'] },
      { joinRef: '1', ref: '23', event: 'phx_reply' },
    ],
    [
      'broadcast',
      { parse: parseFromServer, kind: 2, texts: [TOPIC, 'shout'] },
      { joinRef: null, ref: null, event: '' },
    ],
    [
      'broadcast of Supabase',
      { parse: parseFromServer, kind: 4, texts: [TOPIC, 'e', 'm', ''] },
      { joinRef: null, ref: null, event: '' },
    ],
  ] as const)('that is a %s keeps all its bytes', (_name, { parse, kind, texts }, expected) => {
    const frame = binary(kind, texts);
    const message = known(parse(frame));
    expect(message).toMatchObject({ shape: 'binary', topic: TOPIC, ...expected });
    expect(bytesOf(frameOf(message))).toEqual(bytesOf(frame));
  });

  test('gets other references, and the lengths follow', () => {
    const message = known(parseFromTab(binary(0, ['1', '2', 'room:1', 'shout'])));
    const changed = frameOf({ ...message, joinRef: '1234', ref: null, topic: 'a%b 😀' });
    expect(bytesOf(changed)).toEqual(bytesOf(binary(0, ['1234', '', 'a%b 😀', 'shout'])));
  });

  test('without a payload is one, and a shorter one is none', () => {
    const frame = binary(2, ['room:1', ''], []);
    expect(known(parseFromServer(frame)).topic).toBe('room:1');
    expect(parseFromServer(frame.slice(0, -1))).toBeUndefined();
  });

  test('of another kind, or of no text, is none', () => {
    for (const kind of [3, 5, 255])
      expect(parseFromServer(binary(kind, ['1', '2', 'room:1', 'e', 'm', '']))).toBeUndefined();
    for (const kind of [1, 2, 4]) expect(parseFromTab(binary(kind, ['1', '2', 'room:1', 'e']))).toBeUndefined();
    expect(parseFromServer(new ArrayBuffer(0))).toBeUndefined();
    expect(parseFromServer(Uint8Array.of(2, 1, 0, 0xff).buffer)).toBeUndefined();
    expect(parseFromServer(Uint8Array.of(2, 1, 0, 0x09).buffer)?.topic).toBe('\t');
  });
});

describe('a reply', () => {
  const push = known(parseFromTab('["1","2","room:1","shout",{}]'));

  test('has the references and the shape of its push', () => {
    const reply = { joinRef: '1', ref: '2', topic: 'room:1', event: 'phx_reply' };
    expect(replyTo(push, 'ok')).toEqual({ ...reply, shape: 'list', payload: { status: 'ok', response: {} } });
    expect(replyTo({ ...push, shape: 'object' }, 'error', { reason: 'closed' })).toEqual({
      ...{ ...reply, shape: 'object', payload: { status: 'error', response: { reason: 'closed' } } },
    });
    expect(replyTo({ ...push, shape: 'binary' }, 'ok').shape).toBe('list');
  });

  test.each([
    [
      { status: 'ok', response: { a: 1 } },
      { isOk: true, response: '{"a":1}' },
    ],
    [
      { status: 'error', response: { reason: 'no' } },
      { isOk: false, response: '{"reason":"no"}' },
    ],
    [{ status: 'ok' }, { isOk: true, response: '' }],
    [undefined, { isOk: true, response: 'null' }],
  ])('with the payload %j says %j', (payload, said) => expect(replyOf({ ...push, payload })).toEqual(said));
});
