import { describe, expect, test } from 'vitest';
import {
  codecOf,
  frameVerdict,
  keeperVerdict,
  problemOfClose,
  type CodecOutput,
} from '../../../src/core/codecs/codec.ts';

describe('the alarm of a codec', () => {
  /** A codec that wants an alarm at the time of the last probe's `at`. */
  const codecWith = () => {
    const wanted: { at: number | undefined } = { at: undefined };
    const codec = codecOf((put) => ({
      listeners: new Set(['one', 'two']),
      handle: (event) => (event.type === 'opened' ? put({ type: 'alive' }) : undefined),
      wakeAt: () => wanted.at,
    }));
    const at = (time: number | undefined, now: number, type: 'probe' | 'wake' = 'probe'): readonly CodecOutput[] => {
      wanted.at = time;
      return codec.dispatch({ type }, now);
    };
    return { codec, at };
  };
  const wake = (at: number) => [{ type: 'wake', at }];

  test('is set once for each time', () => {
    const { at } = codecWith();
    expect(at(undefined, 0)).toEqual([]);
    expect(at(100, 0)).toEqual(wake(100));
    expect(at(100, 1)).toEqual([]);
    expect(at(200, 2)).toEqual(wake(200));
    expect(at(undefined, 3)).toEqual([]);
    expect(at(200, 4)).toEqual(wake(200));
  });

  test('is set again when it fires too early, and not when it fires in time', () => {
    const { at } = codecWith();
    at(100, 0);
    expect(at(100, 99, 'wake')).toEqual(wake(100));
    expect(at(100, 100, 'wake')).toEqual([]);
    expect(at(100, 101, 'wake')).toEqual([]);
    expect(at(undefined, 102, 'wake')).toEqual([]);
  });

  test('comes after the outputs of the event, and each event begins without any', () => {
    const { codec, at } = codecWith();
    expect(codec.dispatch({ type: 'opened' }, 0)).toEqual([{ type: 'alive' }]);
    expect(at(undefined, 1)).toEqual([]);
    expect(codec.listeners).toBe(2);
  });

  test('is not needed by every protocol', () => {
    const codec = codecOf(() => ({ listeners: new Set(), handle: () => undefined }));
    expect(codec.dispatch({ type: 'wake' }, 0)).toEqual([]);
  });
});

describe('a close code', () => {
  test.each([
    [4401, '', { type: 'authorize' }],
    [4403, '', { type: 'stop' }],
    [4409, '', { type: 'superseded' }],
    [1012, '{"ra":250}', { type: 'wait', ms: 250 }],
    [1013, '{"ra":0}', { type: 'wait', ms: 0 }],
    [4429, '{"ra":1000}', { type: 'wait', ms: 1_000 }],
    [1012, '{"ra":-1}', { type: 'redial' }],
    [1012, '{"ra":"1"}', { type: 'redial' }],
    [1012, 'restart', { type: 'redial' }],
    [1012, '[]', { type: 'redial' }],
    [1006, '{"ra":250}', { type: 'redial' }],
    [1000, '', { type: 'redial' }],
  ])('%i with %j means %j in keeper.1', (code, reason, verdict) =>
    expect(keeperVerdict(code, reason)).toEqual(verdict),
  );

  test.each([
    [1000, { type: 'end' }],
    [1008, { type: 'end' }],
    [3000, { type: 'end' }],
    [2999, { type: 'redial' }],
    [4999, { type: 'end' }],
    [4409, { type: 'end' }],
    [4401, { type: 'authorize' }],
    [4403, { type: 'stop' }],
    [4429, { type: 'redial' }],
    [1001, { type: 'redial' }],
    [1006, { type: 'redial' }],
  ])('%i means %j where clients look at it', (code, verdict) => expect(frameVerdict(code, '')).toEqual(verdict));

  test.each([
    [4401, { code: 'credentials-rejected', at: '/ws', status: 401 }],
    [4403, { code: 'credentials-rejected', at: '/ws', status: 403 }],
    [4429, { code: 'rate-limited', at: '/ws', status: 429 }],
    [4409, { code: 'cancelled' }],
    [1006, { code: 'network-unreachable', at: '/ws' }],
    [1011, { code: 'server-unavailable', at: '/ws', status: 503 }],
  ])('%i is the problem %j', (code, problem) => expect(problemOfClose(code, '/ws')).toEqual(problem));
});
