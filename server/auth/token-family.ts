import { number, object, string, type Infer } from '../../src/protocol/schema/schema.ts';
import { count, list, optional } from '../../src/protocol/schema/schema-types.ts';

/**
 * All refresh tokens of one login. A client may use the `current` generation, and each older one for a grace period from
 * its first use. `rotatedAt`: the last first use. `uses`: the first uses that may still be in their grace, oldest first.
 * `usesFrom`: the oldest generation to which they apply. Servers before 0.2 wrote neither.
 */
export const TOKEN_FAMILY = object({
  sub: string,
  name: string,
  current: count,
  rotatedAt: number,
  uses: optional(list(object({ generation: count, at: number }))),
  usesFrom: optional(count),
});
export type Family = Infer<typeof TOKEN_FAMILY>;

/** `isRestored`: the token is newer than the family on disk. */
export type Rotation =
  | { type: 'issue'; family: Family; isRestored: boolean }
  | { type: 'reused' }
  | { type: 'unknown' };

type Uses = { uses: readonly { generation: number; at: number }[]; usesFrom: number };

/** Bounds the record of a client that refreshes all the time. */
const MAX_USES = 64;

const usesOf = ({ current, rotatedAt, uses, usesFrom }: Family): Uses => {
  if (uses !== undefined) return { uses, usesFrom: usesFrom ?? 0 };
  return current === 0
    ? { uses: [], usesFrom: 0 }
    : { uses: [{ generation: current - 1, at: rotatedAt }], usesFrom: current - 1 };
};

/**
 * A generation without an entry of its own has that of the next one: of many uses in one grace only the last are kept, and
 * the clients of a restored store used some that it never saw. That use was later, so the grace is longer, not shorter.
 */
const firstUse = ({ uses, usesFrom }: Uses, generation: number): number | undefined =>
  generation < usesFrom ? undefined : uses.find((use) => use.generation >= generation)?.at;

const withUse = (former: Uses, use: { generation: number; at: number }, graceMs: number): Uses => {
  const inGrace = former.uses.findIndex(({ at }) => use.at - at < graceMs);
  const ended = inGrace === -1 ? former.uses : former.uses.slice(0, inGrace);
  const usesFrom = Math.max(former.usesFrom, (ended.at(-1)?.generation ?? -1) + 1);
  return { uses: [...former.uses.slice(ended.length), use].slice(-MAX_USES), usesFrom };
};

/**
 * Decides about a correctly signed refresh token. A late duplicate gets the current token after any number of rotations:
 * Chromium sends a POST again by itself, and a slow network delivers it after newer ones. A generation above the current
 * one proves that the store lost what it had answered, for only the server signs: a restored backup, and no theft.
 */
export const rotate = (family: Family | undefined, generation: number, now: number, graceMs: number): Rotation => {
  if (!family) return { type: 'unknown' };
  const former = usesOf(family);
  if (generation >= family.current) {
    const uses = withUse(former, { generation, at: now }, graceMs);
    const next: Family = { ...family, ...uses, current: generation + 1, rotatedAt: now };
    return { type: 'issue', family: next, isRestored: generation > family.current };
  }
  const usedAt = firstUse(former, generation);
  const isInGrace = usedAt !== undefined && now - usedAt < graceMs;
  return isInGrace ? { type: 'issue', family, isRestored: false } : { type: 'reused' };
};
