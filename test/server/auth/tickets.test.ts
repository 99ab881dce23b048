import { expect, test } from 'vitest';
import { openLmdbStore } from '../../../server/base/lmdb-store.ts';
import { createSessionRevocations } from '../../../server/http/principal.ts';
import { createStats } from '../../../server/base/stats.ts';
import { createTicketStore } from '../../../server/auth/tickets.ts';
import { createLmdbStorage } from '../../../server/storage/lmdb-storage.ts';
import { temporaryDir } from '../support/start.ts';

const TTL_MS = 30_000;
const DEMO = { owner: 'demo', sub: 'demo', name: 'Demo', session: 's', expiresAt: 1_000_000 };

test('accepts a ticket once, and rejects it after its lifetime', async () => {
  const folder = temporaryDir();
  let now = 1_000;
  const store = openLmdbStore(folder.dir, { now: () => now });
  const storage = createLmdbStorage(store);
  const tickets = createTicketStore(storage, createStats(), createSessionRevocations(storage));
  const [early, late] = [await tickets.mint('socket', DEMO, TTL_MS), await tickets.mint('socket', DEMO, TTL_MS)];
  now += TTL_MS - 1;
  expect(await tickets.redeem('socket', early)).toEqual(DEMO);
  expect(await tickets.redeem('socket', early), 'used').toBeUndefined();
  now += 1;
  expect(await tickets.redeem('socket', late), 'expired').toBeUndefined();
  await store.close();
  folder.remove();
});
