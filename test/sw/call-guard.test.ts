import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { API_METHODS } from '../../src/protocol/bridge/bridge-constants.ts';
import { isObject } from '../../src/protocol/schema/json.ts';
import { checkCall } from '../../sw/calls/call-guard.ts';

const RUNS = 10_000;
const SEED = 20_261_121;

const raw = (value: unknown) => ({ type: 'RAW', value });
const call = (over: object = {}) => ({ id: 'a', type: 'APPLY', path: ['nudge'], argumentList: [raw('user')], ...over });

/** Words of comlink's wire protocol, names that reach a prototype, and the keeper's methods. */
const word = fc.constantFrom(
  ...['GET', 'SET', 'APPLY', 'CONSTRUCT', 'ENDPOINT', 'RELEASE', 'RAW', 'HANDLER', 'proxy', 'throw'],
  ...['constructor', '__proto__', 'prototype', 'toString', 'call', 'bind', 'then'],
  ...API_METHODS,
);

const hostileValue = fc.oneof(
  fc.anything({ withMap: true, withSet: true, withDate: true, withBigInt: true, withTypedArray: true }),
  fc.constantFrom<unknown>(new Map(), new Error('x'), new ArrayBuffer(8), Number.NaN, Object.create(null)),
  fc.constant(JSON.parse('{"__proto__":{"polluted":true}}')),
);

/** Close to a valid call, so that the last check runs as often as the first. */
const hostileCall = fc.record(
  {
    id: fc.oneof({ weight: 6, arbitrary: fc.string() }, fc.string({ minLength: 200, maxLength: 300 }), hostileValue),
    type: fc.oneof({ weight: 3, arbitrary: fc.constant('APPLY') }, word, hostileValue),
    path: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...API_METHODS).map((name) => [name]) },
      fc.array(word, { maxLength: 3 }),
      hostileValue,
    ),
    argumentList: fc.oneof(
      { weight: 3, arbitrary: fc.array(fc.jsonValue().map(raw), { maxLength: 5 }) },
      fc.array(fc.record({ type: fc.oneof({ weight: 3, arbitrary: fc.constant('RAW') }, word), value: hostileValue }), {
        maxLength: 6,
      }),
      hostileValue,
    ),
    value: hostileValue,
  },
  { requiredKeys: ['id', 'type', 'path'] },
);

/** Whether the value is plain JSON. Written independently of the guard. */
const isJson = (value: unknown): boolean => {
  if (value === undefined) return true;
  if (typeof value === 'object' && value !== null) {
    const isArray = Array.isArray(value);
    if (Object.getPrototypeOf(value) !== (isArray ? Array.prototype : Object.prototype)) return false;
    return Object.keys(value).every((key) => key !== '__proto__') && Object.values(value).every(isJson);
  }
  return ['string', 'boolean'].includes(typeof value) || value === null || Number.isFinite(value);
};

describe('checkCall', () => {
  test(`admits only calls of the interface with plain data, of ${RUNS} hostile messages [call-guard]`, () => {
    let admitted = 0;
    const property = fc.property(fc.oneof({ weight: 4, arbitrary: hostileCall }, hostileValue), (message) => {
      const result = checkCall(message);
      if (!result || result.problem) return;
      admitted += 1;
      if (!isObject(message)) throw new Error('not even an object');
      const { type, path, argumentList } = message as { type: unknown; path: unknown[]; argumentList: unknown[] };
      expect(type).toBe('APPLY');
      expect(path).toHaveLength(1);
      expect(API_METHODS).toContain(path[0]);
      expect(argumentList.length).toBeLessThanOrEqual(4);
      for (const item of argumentList) {
        if (!isObject(item)) throw new Error('an argument that is no object');
        expect(item['type']).toBe('RAW');
        expect(isJson(item['value'])).toBe(true);
      }
    });
    fc.assert(property, { numRuns: RUNS, seed: SEED });
    expect(admitted).toBeGreaterThan(100);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('admits a valid call', () => {
    expect(checkCall(call())).toEqual({ id: 'a', problem: undefined });
    expect(checkCall(call({ argumentList: [] }))).toEqual({ id: 'a', problem: undefined });
  });

  test.each<[string, object]>([
    ['a call without an argument list', { argumentList: undefined }],
    ['an inherited path', Object.create({ path: ['nudge'] }) as object],
    ['a path that is a string', { path: 'nudge' }],
    ['a path of two steps', { path: ['nudge', 'constructor'] }],
    ['five arguments', { argumentList: Array.from({ length: 5 }, () => raw(1)) }],
    ['a transfer handler', { argumentList: [{ type: 'HANDLER', name: 'proxy', value: null }] }],
    ['an undefined argument', { argumentList: [undefined] }],
    ['a name that reaches a prototype, deep down', { argumentList: [raw({ a: [{ constructor: 1 }] })] }],
  ])('rejects %s', (_name, over) => {
    const message = Object.getPrototypeOf(over) === Object.prototype ? call(over) : Object.assign(over, { id: 'a' });
    expect(checkCall(message)?.problem).toEqual({ code: 'bad-message', detail: 'refused' });
  });

  test.each<[string, unknown, string, number]>([
    ['too many values', Array.from({ length: 5_000 }, () => 0), 'call-values', 4_096],
    ['too many characters', { ['k'.repeat(300_000)]: 1 }, 'call-characters', 262_144],
    ['values that are too deep', [[[[[[[[[1]]]]]]]]], 'call-depth', 8],
  ])('names the bound when a call has %s', (_name, value, detail, max) => {
    const problem = { code: 'over-limit', detail, max };
    expect(checkCall(call({ argumentList: [raw(value)] }))).toEqual({ id: 'a', problem });
  });

  test.each([[{}], [{ id: 7 }], [{ id: 'x'.repeat(129) }], [null], ['text'], [[]]])(
    'returns undefined for %j, which has no id to answer',
    (message) => expect(checkCall(message)).toBeUndefined(),
  );
});
