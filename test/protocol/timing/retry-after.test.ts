import { describe, expect, test } from 'vitest';
import { MAX_RETRY_AFTER_MS, parseRetryAfter } from '../../../src/protocol/timing/retry-after.ts';

const NOW = Date.UTC(2026, 0, 1);
const parse = (value: string, date?: string) =>
  parseRetryAfter(new Headers({ 'retry-after': value, ...(date === undefined ? {} : { date }) }), NOW);

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['5', 5_000],
    ['0.65', 650],
    ['300', 300_000],
    ['99999999', MAX_RETRY_AFTER_MS],
    ['9'.repeat(400), MAX_RETRY_AFTER_MS],
  ])('is seconds: %s', (value, ms) => {
    expect(parse(value)).toBe(ms);
  });

  test.each(['Thu, 01 Jan 2026 00:01:00 GMT', 'Thursday, 01-Jan-26 00:01:00 GMT', 'Thu Jan  1 00:01:00 2026'])(
    'is a date in one of the three forms of HTTP: %s',
    (value) => {
      expect(parse(value)).toBe(60_000);
    },
  );

  test('is 0 when the date has passed, and at most five minutes when it is far away', () => {
    expect(parse('Wed, 31 Dec 2025 23:59:00 GMT')).toBe(0);
    expect(parse('Thu, 01 Jan 2099 00:00:00 GMT')).toBe(MAX_RETRY_AFTER_MS);
  });

  test('counts a date from the date of the response when the clock of the device is wrong', () => {
    expect(parse('Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:07 GMT')).toBe(30_000);
    expect(parse('Thu, 01 Jan 2026 00:01:00 GMT', 'soon')).toBe(60_000);
  });

  test('asks for no other header when there is none', () => {
    const asked: string[] = [];
    expect(parseRetryAfter({ get: (name) => (asked.push(name), null) }, NOW)).toBeUndefined();
    expect(asked).toEqual(['retry-after']);
  });

  test.each(['', 'soon', '-5', '1e3', '0x10', 'Infinity'])('says nothing when it is neither: "%s"', (value) => {
    expect(parse(value)).toBeUndefined();
  });

  test('says nothing when it is absent', () => {
    expect(parseRetryAfter(new Headers(), NOW)).toBeUndefined();
  });
});
