import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPendingSignIns, safePath } from '../../../src/host/auth/pending-sign-ins.ts';
import { createDisk, destroyDisk } from '../../../src/host/storage/database.ts';
import { createSealer } from '../../../src/host/storage/encryption.ts';

const HERE = 'https://app.example';
const originOf = (path: string): string => new URL(safePath(path, '/'), HERE).origin;

test('returns to a path of this origin for any return path [return-path]', () => {
  const pieces = ['/', '\\', '\t', '\n', '\r', ' ', '.', '@', ':', '?', '#', 'evil.example', 'https:', '%2f', '\u0000'];
  const paths = fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((picked) => picked.join(''));
  const tried = fc.check(
    fc.property(fc.oneof(fc.string(), paths), (path) => originOf(path) === HERE),
    { numRuns: 20_000, seed: 1 },
  );
  expect(tried.counterexample).toBeNull();
});

// URL parsers remove tabs and line ends (https://url.spec.whatwg.org/#concept-basic-url-parser).
test.each(['/\t/evil.example', '/\n\\evil.example', '/\r\n/evil.example', '//evil.example', '/\\evil.example'])(
  '%j does not lead to another origin',
  (path) => expect(originOf(path)).toBe(HERE),
);

test('keeps a path and its query as they are', () =>
  expect(safePath('/notes/7?all#last', '/')).toBe('/notes/7?all#last'));

/** The pending sign-ins of two hosts, as two pages without a worker have them. `pass` moves their clocks. */
const twoHosts = () => {
  const disk = createDisk();
  const sealer = createSealer(disk, HERE, { id: 'k1', secret: 'a secret of the worker' });
  let now = 1_000;
  const host = () => createPendingSignIns({ disk, sealer, home: '/', now: () => now });
  return { one: host(), other: host(), pass: (ms: number) => void (now += ms) };
};
const PENDING = { state: 's', nonce: 'n', verifier: 'v', key: 'dpop-1', returnTo: '/', at: 0 };

test('keeps the DPoP key of a sign-in whose code is being exchanged, when any host cleans up meanwhile', async () => {
  const { one, other, pass } = twoHosts();
  await one.save(PENDING);
  expect(await one.take('s')).toMatchObject({ key: 'dpop-1', verifier: 'v' });
  expect(await one.take('s')).toBeUndefined();
  expect(await one.keys()).toEqual(['dpop-1']);
  expect(await other.keys()).toEqual(['dpop-1']);
  pass(600_000);
  expect(await other.keys()).toEqual([]);
  await destroyDisk();
});

test('gives a sign-in to one of two hosts that take it at once', async () => {
  const { one, other } = twoHosts();
  await one.save(PENDING);
  const taken = await Promise.all([one.take('s'), other.take('s')]);
  expect(taken.filter((pending) => pending !== undefined)).toHaveLength(1);
  await destroyDisk();
});
