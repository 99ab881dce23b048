import { beforeEach, describe, expect, test } from 'vitest';
import { QUEUE_MAX_FRAMES, QUEUE_MAX_SIZE } from '../../../src/core/codecs/tab-sockets.ts';
import {
  createTabRequests,
  type TabRequest,
  type TabRequests,
} from '../../../src/core/optional-codecs/tab-requests.ts';
import { createSuspects, SURVIVED_MS, type Suspects } from '../../../src/core/socket/suspects.ts';

const ANSWERED_WITHIN_MS = 60_000;

let now: number;
let sent: TabRequest<string, string>[];
let suspects: Suspects;
let requests: TabRequests<string, string>;

const create = (isReady?: (message: string) => boolean): TabRequests<string, string> => {
  let ids = 0;
  return createTabRequests<string, string>({
    ...{ suspects, now: () => now, nextId: () => `${++ids}`, send: (request) => void sent.push(request) },
    ...(isReady && { isReady }),
  });
};
const messages = (): string[] => sent.map(({ message }) => message);

beforeEach(() => {
  now = 1_000_000;
  sent = [];
  suspects = createSuspects();
  requests = create();
});

test('sends each message once, in the order of the tabs, with an id of its own', () => {
  requests.add('tab', 'a', 1);
  requests.add('other', 'b', 1);
  requests.sendWaiting();
  requests.sendWaiting();
  expect(sent).toMatchObject([
    { id: '1', owner: 'tab', message: 'a' },
    { id: '2', owner: 'other', message: 'b' },
  ]);
});

test('holds back a message that is not ready for this connection', () => {
  let ready = false;
  requests = create((message) => ready || message !== 'late');
  requests.add('tab', 'late', 1);
  requests.add('tab', 'b', 1);
  requests.sendWaiting();
  expect(messages()).toEqual(['b']);
  ready = true;
  requests.sendWaiting();
  expect(messages()).toEqual(['b', 'late']);
});

test('sends the message that may have closed a connection alone', () => {
  for (const id of ['1', '2']) suspects.sent(id, now);
  suspects.closed(1009, false, now);
  requests.add('tab', 'a', 1);
  requests.add('tab', 'b', 1);
  requests.sendWaiting();
  expect(messages()).toEqual(['a']);
  expect(requests.answered('1')).toMatchObject({ message: 'a' });
  requests.sendWaiting();
  expect(messages()).toEqual(['a', 'b']);
});

describe('the limits of what waits', () => {
  test('count frames, and only those that wait', () => {
    for (let index = 0; index < QUEUE_MAX_FRAMES; index += 1) expect(requests.add('tab', 'm', 1)).toBe(true);
    expect(requests.add('tab', 'one more', 1)).toBe(false);
    requests.sendWaiting();
    expect(requests.add('tab', 'after', 1)).toBe(true);
  });

  test('count sizes, up to the limit itself', () => {
    expect(requests.add('tab', 'a', QUEUE_MAX_SIZE - 10)).toBe(true);
    expect(requests.add('tab', 'b', 11)).toBe(false);
    expect(requests.add('tab', 'b', 10)).toBe(true);
    expect(requests.add('tab', 'c', 1)).toBe(false);
    requests.sendWaiting();
    expect(messages()).toEqual(['a', 'b']);
  });
});

describe('a request ends', () => {
  beforeEach(() => {
    requests.add('tab', 'a', 1);
    requests.add('other', 'b', 1);
    requests.sendWaiting();
    requests.add('tab', 'c', 1);
  });

  test('with its answer, which comes once', () => {
    expect(requests.answered('1')).toMatchObject({ owner: 'tab', message: 'a' });
    expect(requests.answered('1')).toBeUndefined();
    expect(requests.answered('unknown')).toBeUndefined();
  });

  test('with its tab', () => {
    requests.forget('tab');
    expect(requests.answered('1')).toBeUndefined();
    requests.sendWaiting();
    expect(messages()).toEqual(['a', 'b']);
    expect(requests.answered('2')).toMatchObject({ owner: 'other' });
  });

  test('with the connection, if it was sent: what waits goes out on the next one', () => {
    expect(requests.closed().map(({ message }) => message)).toEqual(['a', 'b']);
    expect(requests.closed()).toEqual([]);
    requests.sendWaiting();
    expect(messages()).toEqual(['a', 'b', 'c']);
  });

  test('a minute after it was sent, and not before', () => {
    now += ANSWERED_WITHIN_MS;
    requests.expire();
    expect(requests.answered('1')).toMatchObject({ message: 'a' });
    now += 1;
    requests.expire();
    expect(requests.answered('2')).toBeUndefined();
    requests.sendWaiting();
    expect(messages()).toEqual(['a', 'b', 'c']);
  });

  test('with all others when they are cleared', () => {
    requests.clear();
    requests.sendWaiting();
    expect(messages()).toEqual(['a', 'b']);
    expect(requests.answered('2')).toBeUndefined();
  });
});

test('a message that survived for its time is no suspect of a later close, and a newer one is', () => {
  requests.add('tab', 'old', 1);
  requests.sendWaiting();
  now += SURVIVED_MS - 1;
  requests.expire();
  expect(suspects.closed(1009, false, now)).toEqual({ accused: 1, guilty: '1' });
  requests.add('tab', 'older', 1);
  requests.sendWaiting();
  now += SURVIVED_MS;
  requests.expire();
  expect(suspects.closed(1009, false, now)).toEqual({ accused: 0, guilty: undefined });
});
