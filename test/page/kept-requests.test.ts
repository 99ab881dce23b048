import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSnapshotStore, startingSnapshot } from '../../src/page/connection/snapshot-store.ts';
import { keepRequest, sendAgain, verdictOn, type KeptRequest } from '../../src/page/requests/kept-requests.ts';
import { sendWithStepUp } from '../../src/page/requests/step-up.ts';
import { ok } from '../../src/protocol/problem.ts';
import type { SessionView, Snapshot } from '../../src/protocol/snapshot.ts';

const NOW = 1_750_000_000_000;
const MINUTE = 60_000;
const PAGE = { origin: 'https://site.example', pathname: '/pay', search: '?to=ann' };
const CHALLENGE = { 'www-authenticate': 'Bearer error="insufficient_user_authentication", max_age="0"' };

/** A `Storage` of the browser over a map, which a test can copy. */
const storageOn = (rows: Map<string, string>, fails = false) => ({
  getItem: (key: string): string | null => rows.get(key) ?? null,
  setItem: (key: string, value: string) => {
    if (fails) throw new DOMException('full', 'QuotaExceededError');
    rows.set(key, value);
  },
  removeItem: (key: string) => void rows.delete(key),
});

let tab: Map<string, string>;
let origin: Map<string, string>;
let windowEvents: EventTarget;
beforeEach(() => {
  tab = new Map();
  origin = new Map();
  windowEvents = new EventTarget();
  vi.useFakeTimers({ now: NOW, toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  vi.stubGlobal('sessionStorage', storageOn(tab));
  vi.stubGlobal('localStorage', storageOn(origin));
  vi.stubGlobal('location', PAGE);
  vi.stubGlobal('window', windowEvents);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const shown = (session: SessionView, more: Partial<Snapshot> = {}): Snapshot => ({
  ...startingSnapshot('service-worker', true),
  session,
  ...more,
});
const active = (signedInAt: number, more: Partial<SessionView & { state: 'active' }> = {}): SessionView => ({
  ...{ state: 'active', kind: 'oidc', user: { sub: 'demo' }, signedInAt, accessIssuedAt: signedInAt },
  ...more,
});
const BEFORE = shown(active(NOW - MINUTE));
const AFTER = shown(active(NOW + MINUTE));

const payment = (init: RequestInit = {}): Request =>
  new Request('https://site.example/api/pay', {
    ...{ method: 'POST', body: 'pay € 5', headers: { 'content-type': 'text/plain', authorization: 'x', 'x-own': '1' } },
    ...init,
  });

/** What reached the server. */
const server = () => {
  const got: string[] = [];
  const send = async (request: Request): Promise<Response> => {
    got.push(`${request.method} ${request.url} ${[...request.headers.keys()].join()} ${await request.text()}`);
    return new Response('done', { status: 201 });
  };
  return { got, send };
};
const SENT = 'POST https://site.example/api/pay content-type,x-own pay € 5';

describe('a request that waits for a sign-in at the provider', () => {
  test('is sent once, as it was, when the same person is back on the same page', async () => {
    await keepRequest(payment(), BEFORE);
    expect(tab.size).toBe(1);
    const { got, send } = server();
    const results = await sendAgain(createSnapshotStore(AFTER), send);
    expect(got).toEqual([SENT]);
    expect(results).toMatchObject([{ method: 'POST', url: 'https://site.example/api/pay', result: { ok: true } }]);
    expect([tab.size, origin.size]).toEqual([0, 0]);
    expect(await sendAgain(createSnapshotStore(AFTER), send)).toEqual([]);
  });

  test('is sent by the first of two tabs, when the person has duplicated the tab', async () => {
    await keepRequest(payment(), BEFORE);
    const { got, send } = server();
    const copy = new Map(tab);
    await sendAgain(createSnapshotStore(AFTER), send);
    vi.stubGlobal('sessionStorage', storageOn(copy));
    expect(await sendAgain(createSnapshotStore(AFTER), send)).toEqual([]);
    expect(got).toEqual([SENT]);
  });

  test('stays when another page of the tab connects', async () => {
    await keepRequest(payment(), BEFORE);
    const { got, send } = server();
    vi.stubGlobal('location', { ...PAGE, pathname: '/auth/callback' });
    expect(await sendAgain(createSnapshotStore(AFTER), send)).toEqual([]);
    vi.stubGlobal('location', PAGE);
    await sendAgain(createSnapshotStore(AFTER), send);
    expect(got).toEqual([SENT]);
  });

  test('waits until the worker has redeemed the sign-in', async () => {
    await keepRequest(payment(), BEFORE);
    const { got, send } = server();
    const store = createSnapshotStore(shown({ state: 'starting' }));
    const sending = sendAgain(store, send);
    store.set(shown(active(NOW - MINUTE, { signingIn: true })));
    await vi.advanceTimersByTimeAsync(0);
    expect(got).toEqual([]);
    store.set(AFTER);
    expect(await sending).toMatchObject([{ result: { ok: true } }]);
    expect(got).toEqual([SENT]);
  });

  test('is over when no session says anything for ten minutes', async () => {
    await keepRequest(payment(), BEFORE);
    const sending = sendAgain(createSnapshotStore(shown({ state: 'starting' })), server().send);
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(await sending).toMatchObject([{ result: { ok: false, problem: { code: 'cancelled' } } }]);
  });

  test('cannot wait when its body is larger than 1 MiB, or the browser stores nothing', async () => {
    expect(await keepRequest(payment({ body: 'x'.repeat(2 ** 20 + 1) }), BEFORE)).toBeUndefined();
    vi.stubGlobal('sessionStorage', storageOn(tab, true));
    expect(await keepRequest(payment(), BEFORE)).toBeUndefined();
    expect([tab.size, origin.size]).toEqual([0, 0]);
  });

  test('drops what page script has written in another shape', async () => {
    tab.set('session-keeper:resend', JSON.stringify([{ url: 'https://evil.example/' }, 7]));
    expect(await sendAgain(createSnapshotStore(AFTER), server().send)).toEqual([]);
  });
});

describe('what becomes of it', () => {
  const kept = {
    keptAt: NOW,
    who: { sub: 'demo', session: '' },
  } as KeptRequest;
  const refused = { code: 'sign-in-refused', error: 'access_denied' } as const;

  test.each<[string, Snapshot, object]>([
    ['the same person has signed in since', AFTER, { type: 'send' }],
    ['nothing is known yet', shown({ state: 'starting' }), { type: 'wait' }],
    ['the worker redeems the sign-in', shown(active(NOW - MINUTE, { signingIn: true })), { type: 'wait' }],
    ['the new user is not known yet', shown(active(NOW + 1, { user: undefined })), { type: 'wait' }],
    ['the person came back without a sign-in', BEFORE, { type: 'drop', problem: { code: 'cancelled' } }],
    [
      'the worker has only renewed the token meanwhile',
      shown(active(NOW - MINUTE, { accessIssuedAt: NOW + MINUTE })),
      { type: 'drop', problem: { code: 'cancelled' } },
    ],
    [
      'a former worker does not say when the person signed in',
      shown(active(NOW + MINUTE, { signedInAt: undefined })),
      { type: 'drop', problem: { code: 'cancelled' } },
    ],
    [
      'another person signed in',
      shown(active(NOW + 1, { user: { sub: 'eve' } })),
      { type: 'drop', problem: { code: 'cancelled' } },
    ],
    ['the tab shows another session', { ...AFTER, sessionName: 'work' }, { type: 'drop' }],
    [
      'the provider refused',
      shown(active(NOW - MINUTE, { signInProblem: refused })),
      { type: 'drop', problem: refused },
    ],
    [
      'the session is over',
      shown({ state: 'signed-out', reason: 'user' }),
      { type: 'drop', problem: { code: 'signed-out' } },
    ],
    [
      'the vault does not answer',
      shown({ state: 'signed-out', reason: 'never', problem: { code: 'no-worker', detail: '' } }),
      { type: 'wait' },
    ],
  ])('is right when %s', (_name, snapshot, expected) => {
    expect(verdictOn(kept, snapshot, NOW + MINUTE)).toMatchObject(expected);
  });

  test('is nothing when ten minutes have passed', () => {
    expect(verdictOn(kept, AFTER, NOW + 10 * MINUTE)).toEqual({ type: 'drop', problem: { code: 'cancelled' } });
  });
});

describe('keeper.fetch with stepUp: redirect', () => {
  const refuse = async (): Promise<Response> => new Response(null, { status: 401, headers: CHALLENGE });
  const store = createSnapshotStore(BEFORE);
  const redirect = { type: 'redirect', url: 'https://provider.example' } as const;

  test('gives the caller the 401 when the back-forward cache gives the page back, and sends nothing', async () => {
    const stepUp = async () => ok(redirect);
    const fetching = sendWithStepUp(payment(), 'redirect', { send: refuse, stepUp, store });
    await vi.waitFor(() => expect(tab.size).toBe(1));
    await vi.advanceTimersByTimeAsync(0);
    windowEvents.dispatchEvent(new Event('pageshow'));
    expect((await fetching).status).toBe(401);
    expect([tab.size, origin.size]).toEqual([0, 0]);
  });

  test('gives the caller the 401 at once when there is no sign-in', async () => {
    const stepUp = async () => ({ ok: false, problem: { code: 'unsupported', detail: 'oidc' } }) as const;
    expect((await sendWithStepUp(payment(), 'redirect', { send: refuse, stepUp, store })).status).toBe(401);
    expect(tab.size).toBe(0);
  });

  test('leaves other answers alone', async () => {
    const stepUp = vi.fn<() => Promise<never>>();
    const { send } = server();
    expect((await sendWithStepUp(payment(), 'redirect', { send, stepUp, store })).status).toBe(201);
    expect(stepUp).not.toHaveBeenCalled();
  });
});
