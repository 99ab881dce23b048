import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import * as bridge from '../../src/protocol/bridge/bridge.ts';
import * as calls from '../../src/protocol/bridge/calls.ts';
import { PAGE_FRAME } from '../../src/protocol/bridge/port-frames.ts';
import { REALTIME_FRAME } from '../../src/protocol/bridge/realtime-frames.ts';
import { CLIENT_FRAMES, SUBPROTOCOL, SERVER_FRAMES } from '../../src/protocol/frames.ts';
import { PROBLEM } from '../../src/protocol/problem-codes.ts';
import { object, string, type Schema } from '../../src/protocol/schema/schema.ts';
import { SNAPSHOT } from '../../src/protocol/snapshot.ts';
import { PROTOCOL } from '../../src/protocol/version.ts';

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

type Boundary = {
  name: string;
  version: unknown;
  schemas: unknown;
  pinned: readonly [version: unknown, hash: string];
  where: string;
};

const BOUNDARIES: readonly Boundary[] = [
  {
    name: 'page and worker',
    version: PROTOCOL,
    schemas: {
      page: bridge.PAGE_MESSAGE,
      worker: bridge.WORKER_MESSAGE,
      tab: bridge.TAB_MESSAGE,
      frames: [PAGE_FRAME, REALTIME_FRAME],
      calls: [calls.SIGN_IN_INTENT, calls.SIGN_IN_NEXT, calls.NUDGE_CAUSE, calls.JOURNAL_ENTRY, calls.PUBLICATION],
      snapshot: SNAPSHOT,
      problem: PROBLEM,
    },
    pinned: [4, 'b2ab2b1b069c3fe3'],
    where: 'PROTOCOL in src/protocol/version.ts, with a line of its history',
  },
  {
    name: 'keeper.1',
    version: SUBPROTOCOL,
    schemas: { client: CLIENT_FRAMES, server: SERVER_FRAMES },
    pinned: ['keeper.1', '430414b4693ba337'],
    where: 'the subprotocol in src/protocol/frames.ts (keeper.1 clients ignore a field or frame that they do not know)',
  },
];

/** Says what to do when the schemas of a boundary have changed. */
const advice = ({ name, where }: Boundary, hash: string): string =>
  `The schemas of "${name}" have changed. If a build of the version before would misread them, raise ${where}, ` +
  `and keep on reading the version before. Then pin the hash ${hash} in test/protocol/wire.test.ts.`;

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
