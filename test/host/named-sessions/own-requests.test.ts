import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createNamedSessionsHost, type SessionUnit } from '../../../src/host/named-sessions/named-sessions-host.ts';
import { sendBy } from '../../../src/host/session/own-requests.ts';
import { createRequestMatcher } from '../../../src/host/session/request-matcher.ts';
import { SESSION_HEADER } from '../../../src/protocol/bridge/bridge-constants.ts';

/* Requests of a worker's own code (`KeptSession.fetch`) where the origin has several sessions. */

const APP = 'https://app.example';
const TAB = 'document 1';

/** What each session sent, and what went out without one. */
let sent: { by: string; header: string | null }[];

const unitOf = (name: string): SessionUnit => {
  const host: Partial<SessionUnit['host']> = { start: () => undefined, pending: () => undefined };
  const fetch = async ({ headers }: Request): Promise<Response> => {
    sent.push({ by: `session "${name}"`, header: headers.get(SESSION_HEADER) });
    return new Response(name);
  };
  return { host: host as SessionUnit['host'], requests: { fetch }, api: {} as SessionUnit['api'] };
};

/** The tab shows `home`, and all other documents show `work`. */
const startWorker = () => {
  const stored = { shown: 'work', names: ['work', 'home'], clients: { [TAB]: 'home' } };
  const sessions = createNamedSessionsHost({
    registry: { read: async () => stored, write: async () => false, onChange: () => undefined },
    create: unitOf,
    pageOf: async () => undefined,
    livingClients: async () => [TAB],
  });
  const matcher = createRequestMatcher(
    {
      api: [
        { origin: 'self', path: '/api/admin/', session: 'admin' },
        { origin: 'self', path: '/api/', public: ['/api/public/'] },
      ],
      whoami: '/api/me',
    },
    APP,
  );
  return (path: string, init: RequestInit = {}, client = ''): Promise<Response> =>
    sendBy(sessions, matcher, new Request(APP + path, init), client);
};

const named = (name: string): RequestInit => ({ headers: { [SESSION_HEADER]: name } });

beforeEach(() => {
  sent = [];
  vi.stubGlobal('fetch', async ({ headers }: Request) => {
    sent.push({ by: 'no session', header: headers.get(SESSION_HEADER) });
    return new Response('bare');
  });
});
afterEach(() => vi.unstubAllGlobals());

test.each<[string, { path: string; init?: RequestInit; client?: string; by: string }]>([
  ['the rule’s, before the header', { path: '/api/admin/users', init: named('home'), by: 'session "admin"' }],
  ['the header’s', { path: '/api/items', init: named('home'), by: 'session "home"' }],
  ['the first one, when the header has its name', { path: '/api/items', init: named(''), by: 'session ""' }],
  [
    'the header’s, before the document’s',
    { path: '/api/items', init: named('work'), client: TAB, by: 'session "work"' },
  ],
  ['the shown one, when no document sends it', { path: '/api/items', by: 'session "work"' }],
  ['the document’s, when it answers one', { path: '/api/items', client: TAB, by: 'session "home"' }],
  ['none on a public path', { path: '/api/public/news', init: named('home'), by: 'no session' }],
  ['none outside the allow-list', { path: '/pages/about', init: named('home'), client: TAB, by: 'no session' }],
  [
    'none without credentials',
    { path: '/api/items', init: { ...named('home'), credentials: 'omit' }, by: 'no session' },
  ],
])(
  'sends a worker’s own request for the right session: %s [own-request-session]',
  async (_, { path, init, client, by }) => {
    await startWorker()(path, init, client);
    // The header is for the worker only.
    expect(sent).toEqual([{ by, header: null }]);
  },
);

test('rejects a worker’s own request whose header is no name of a session, and sends nothing', async () => {
  await expect(startWorker()('/api/items', named('a/b'))).rejects.toThrow(TypeError);
  expect(sent).toEqual([]);
});
