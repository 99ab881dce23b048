import { describe, expect, test } from 'vitest';
import { hasRead, missingBefore } from '../../src/protocol/cursor.ts';

const AT_5 = { epoch: 'e', offset: 5 };

describe('a reader at offset 5', () => {
  test.each([
    [4, true],
    [5, true],
    [6, false],
  ])('knows whether it has read offset %d of its epoch: %s', (offset, expected) => {
    expect(hasRead(AT_5, 'e', offset)).toBe(expected);
  });

  test('has read no offset of another epoch', () => {
    expect(hasRead(AT_5, 'f', 1)).toBe(false);
  });

  test('misses nothing when the next offset or an older one follows', () => {
    expect(missingBefore(AT_5, 'e', 6)).toBeUndefined();
    expect(missingBefore(AT_5, 'e', 3)).toBeUndefined();
  });

  test('misses the offsets in between when a later one follows', () => {
    expect(missingBefore(AT_5, 'e', 7)).toEqual({ from: 6, to: 6 });
    expect(missingBefore(AT_5, 'e', 10)).toEqual({ from: 6, to: 9 });
  });

  test('misses an unknown number when the topic has a new epoch', () => {
    expect(missingBefore(AT_5, 'f', 6)).toEqual({ from: 6, to: 0 });
  });
});
