import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Snapshot } from '../../src/protocol/snapshot.ts';
import { createFakeKeeper } from '../../src/testing/index.ts';

type Session = Snapshot['session'];
const ann: Session = { state: 'active', kind: 'password', user: { sub: 'ann' } };
const left: Session = { state: 'signed-out', reason: 'user' };
const KEY = 'session-keeper:unread';

let stored: Map<string, string>;
let writes: string[];
let page: EventTarget;

/** A tab of its own: the counts are state of the module. */
const openTab = async () => {
  vi.resetModules();
  const [{ keepUnread, totalUnread }, { unread, unreadBySession }] = await Promise.all([
    import('../../src/app/unread-store.ts'),
    import('../../src/ui/base/announcements.ts'),
  ]);
  const keeper = createFakeKeeper({ session: ann });
  keepUnread(keeper);
  return { keeper, totalUnread, unread, unreadBySession };
};

const otherTabWrites = (text: string): void => {
  stored.set(KEY, text);
  page.dispatchEvent(Object.assign(new Event('storage'), { key: KEY }));
};

beforeEach(() => {
  stored = new Map();
  writes = [];
  page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => {
      writes.push(value);
      stored.set(key, value);
    },
    removeItem: (key: string) => void stored.delete(key),
  });
});
afterEach(() => vi.unstubAllGlobals());

test('keeps what is unread in each session that the tab has shown, for the next page', async () => {
  const { keeper, unread, totalUnread } = await openTab();
  unread.value = 3;
  // As at a switch: nothing is known at first, then the messages of the former session leave the page.
  keeper.show({ state: 'starting' });
  keeper.show({ ...ann, user: { sub: 'bob' } }, { sessionName: 'work' });
  unread.value = 0;
  unread.value = 2;
  expect([stored.get(KEY), totalUnread()]).toEqual(['{"":3,"work":2}', 5]);
  const next = await openTab();
  // The new page has joined no channel of its own session yet.
  expect([...next.unreadBySession.value]).toEqual([['work', 2]]);
});

test('counts nothing in a session that ends, and leaves no key behind', async () => {
  const { keeper, unread, totalUnread } = await openTab();
  unread.value = 3;
  keeper.show(left);
  expect([stored.has(KEY), totalUnread()]).toEqual([false, 0]);
});

test('writes what another part of the page drops', async () => {
  const { unread, unreadBySession } = await openTab();
  otherTabWrites('{"work":3}');
  unread.value = 1;
  unreadBySession.value = new Map([['', 1]]);
  expect(stored.get(KEY)).toBe('{"":1}');
  unreadBySession.value = new Map();
  expect(stored.has(KEY)).toBe(false);
});

test('leaves the count of another tab of the same session alone until its own changes', async () => {
  const { keeper, unread, totalUnread } = await openTab();
  unread.value = 1;
  const before = writes.length;
  otherTabWrites('{"":4}');
  keeper.show({ ...ann, verifiedAt: 1 });
  keeper.show({ ...ann, verifiedAt: 2 });
  expect([stored.get(KEY), totalUnread(), writes.length]).toEqual(['{"":4}', 4, before]);
  unread.value = 2;
  expect(stored.get(KEY)).toBe('{"":2}');
});

test('notes what was read while nothing was known of the session', async () => {
  const { keeper, unread } = await openTab();
  unread.value = 2;
  keeper.show({ state: 'starting' });
  unread.value = 0;
  keeper.show(ann);
  expect(stored.has(KEY)).toBe(false);
});

test('counts in the page where the browser stores nothing', async () => {
  const blocked = () => {
    throw new DOMException('blocked', 'SecurityError');
  };
  vi.stubGlobal('localStorage', { getItem: blocked, setItem: blocked, removeItem: blocked });
  const { unread, totalUnread } = await openTab();
  unread.value = 2;
  expect(totalUnread()).toBe(2);
});
