import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { object, string, type Schema } from '../../src/protocol/schema/schema.ts';
import { BOUNDARIES, type Boundary } from './boundaries.ts';

/** Everything of a schema but its functions, with sorted keys: the same text for the same shape. */
const canonical = (value: unknown): unknown => {
  if (typeof value === 'function') return undefined;
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value === Infinity ? 'Infinity' : value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, canonical(each)]),
  );
};

const hashOf = (schemas: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(canonical(schemas)))
    .digest('hex')
    .slice(0, 16);

/** Says what to do when the schemas of a boundary have changed. */
const advice = ({ name, todo }: Boundary, hash: string): string =>
  `The schemas of "${name}" have changed. ${todo} Then pin the hash ${hash} in test/protocol/boundaries.ts.`;

describe('the wire', () => {
  test.each(BOUNDARIES)('$name: the schemas match the hash of the pinned version', (boundary) => {
    const hash = hashOf(boundary.schemas);
    expect([boundary.version, hash], advice(boundary, hash)).toEqual(boundary.pinned);
  });

  test('notices a field that was added, renamed or made optional', () => {
    const before = hashOf(object({ topic: string }));
    const later: readonly Schema[] = [object({ topic: string, id: string }), object({ name: string })];
    for (const schema of later) expect(hashOf(schema)).not.toBe(before);
    expect(hashOf(object({ topic: string }))).toBe(before);
  });
});
