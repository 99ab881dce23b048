import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Session, SessionRecord, Verdict } from '../../../src/core/session/session-types.ts';
import { systemClock } from '../../../src/host/runtime/clock.ts';
import { createFirstVerdict } from '../../../src/host/session/first-verdict.ts';
import { createRequests, type Requests, type SessionSource } from '../../../src/host/session/requests.ts';
import { createDisk, destroyDisk, type Disk } from '../../../src/host/storage/database.ts';
import { createSealer } from '../../../src/host/storage/encryption.ts';
import { startFirstRead, type FirstRead } from '../../../src/host/storage/first-read.ts';
import { sealBindings } from '../../../src/host/runtime/deployment-name.ts';
import { createSessionStore } from '../../../src/host/storage/session-store.ts';
import { KEEPER_CONFIG } from '../../../src/protocol/config.ts';
import { NEVER_SLEPT } from '../../support/never-slept.ts';

/* What a worker does with the first requests after its start, before it has evaluated the session machine. */

const ORIGIN = 'https://app.example';
const API = `${ORIGIN}/api/items`;
const SEAL = { id: 'k1', secret: 'a secret of the worker' };
const NOW = 1_000_000;
const config = KEEPER_CONFIG.read({
  api: [
    { origin: 'self', path: '/api/' },
    { origin: 'https://orders.example', path: '/', resource: 'https://orders.example/' },
  ],
  whoami: '/api/whoami',
  signIn: { password: { login: '/login', refresh: '/refresh' } },
});
if (!config) throw new Error('The configuration of this test does not fit.');

const access = (value: string, issuedAt = NOW): NonNullable<Session['tokens']['access']> => ({
  value,
  scheme: 'Bearer',
  issuedAt,
  expiresAt: issuedAt + 300_000,
});

const signedIn = (parts: Partial<Session> = {}): SessionRecord => ({
  state: 'signed-in',
  session: {
    kind: 'password',
    generation: 7,
    startedAt: 1,
    tokens: { access: access('stored'), refresh: 'rt' },
    ...parts,
  },
});

const authorized = (value: string, generation: number): Verdict => ({
  type: 'authorized',
  generation,
  token: access(value),
});

let disk: Disk;
let firstRead: FirstRead | undefined;

const save = async (record: SessionRecord): Promise<void> => {
  const { provider, withoutProvider } = sealBindings(ORIGIN, config);
  const sealer = createSealer(disk, provider, SEAL);
  await createSessionStore(disk, sealer, { withoutProvider: sealer.boundTo(withoutProvider) }).save(record);
};

/** `Authorization` of each request that went out. The server accepts the tokens in `good`. */
const sent: (string | null)[] = [];
let good: readonly string[] = [];

type Machine = { source: SessionSource; asked: string[]; answer(event: 'request' | 'refused', verdict: Verdict): void };

const createMachine = (): Machine => {
  const answers = new Map<string, Verdict>();
  const asked: string[] = [];
  return {
    asked,
    answer: (event, verdict) => void answers.set(event, verdict),
    source: {
      requestToken({ type }) {
        asked.push(type);
        return answers.get(type) ?? { type: 'anonymous' };
      },
      refusedAgain: () => void asked.push('refused-again'),
      redirected: () => void asked.push('redirected'),
    },
  };
};

/** A worker that has just started. `startHost`: how its machine comes. */
const startWorker = (startHost: (requests: Requests) => Promise<void>): Requests => {
  firstRead = startFirstRead();
  const requests: Requests = createRequests({
    ...{ config, origin: ORIGIN, connections: { clock: systemClock, ...NEVER_SLEPT } },
    firstVerdict: createFirstVerdict({ firstRead, config, origin: ORIGIN, seal: SEAL, now: () => NOW }),
    startHost: () => startHost(requests),
    loadSenders: () => Promise.reject(new Error('no proofs')),
  });
  return requests;
};

const noHost = (): Promise<void> => Promise.reject(new TypeError('not loaded'));

beforeEach(async () => {
  disk = createDisk();
  sent.length = 0;
  good = ['Bearer stored', 'Bearer renewed'];
  vi.stubGlobal('fetch', async (request: Request) => {
    const authorization = request.headers.get('authorization');
    sent.push(authorization);
    const status = authorization === null || good.includes(authorization) ? 200 : 401;
    return new Response(null, { status, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } });
  });
});

afterEach(async () => {
  vi.unstubAllGlobals();
  (await firstRead?.connection)?.close();
  await disk.close();
  await destroyDisk();
});

test('sends the first request with the stored token, before the session machine is there', async () => {
  await save(signedIn());
  const requests = startWorker(noHost);
  expect((await requests.fetch(new Request(API))).status).toBe(200);
  expect((await requests.fetch(new Request(API))).status).toBe(200);
  expect(sent).toEqual(['Bearer stored', 'Bearer stored']);
});

test('sends the first request without a token when the stored session is over', async () => {
  await save({ state: 'signed-out', generation: 9, reason: 'user' });
  expect((await startWorker(noHost).fetch(new Request(API))).status).toBe(200);
  expect(sent).toEqual([null]);
});

test.for([
  ['there is no record', undefined],
  ['the token is too old', signedIn({ tokens: { access: access('old', NOW - 400_000), refresh: 'rt' } })],
  ['the declared lifetime is over', signedIn({ endsAt: NOW - 1 })],
  ['there is no access token', signedIn({ tokens: { refresh: 'rt' } })],
] as const)('leaves the verdict to the session machine when %s', async ([, record]) => {
  if (record) await save(record);
  const machine = createMachine();
  machine.answer('request', authorized('renewed', 8));
  const requests = startWorker(async (own) => own.connect(machine.source));
  expect((await requests.fetch(new Request(API))).status).toBe(200);
  expect([sent, machine.asked]).toEqual([['Bearer renewed'], ['request']]);
});

test('leaves a request to the session machine that needs the token of a resource', async () => {
  await save(signedIn());
  const machine = createMachine();
  machine.answer('request', authorized('renewed', 8));
  const requests = startWorker(async (own) => own.connect(machine.source));
  expect((await requests.fetch(new Request('https://orders.example/items'))).status).toBe(200);
  expect([sent, machine.asked]).toEqual([['Bearer renewed'], ['request']]);
});

test('leaves the verdict to the session machine when the record does not open', async () => {
  await save(signedIn());
  await disk.use((db) => db.put('session', { generation: 7, sealed: 'text' }, 'current'));
  const machine = createMachine();
  const requests = startWorker(async (own) => own.connect(machine.source));
  expect((await requests.fetch(new Request(API))).status).toBe(200);
  expect([sent, machine.asked]).toEqual([[null], ['request']]);
});

test('asks the session machine from the moment that it is there', async () => {
  await save(signedIn());
  const machine = createMachine();
  machine.answer('request', authorized('renewed', 8));
  const requests = startWorker(noHost);
  await requests.fetch(new Request(API));
  requests.connect(machine.source);
  await requests.fetch(new Request(API));
  expect(sent).toEqual(['Bearer stored', 'Bearer renewed']);
});

test('sends a refused request again with the token that another context has renewed, without a refresh', async () => {
  await save(signedIn());
  good = ['Bearer renewed'];
  const machine = createMachine();
  machine.answer('request', authorized('renewed', 8));
  const requests = startWorker(async (own) => own.connect(machine.source));
  expect((await requests.fetch(new Request(API))).status).toBe(200);
  expect([sent, machine.asked]).toEqual([['Bearer stored', 'Bearer renewed'], ['request']]);
});

test('reports the refused token to the session machine when its record has the same one', async () => {
  await save(signedIn());
  good = ['Bearer renewed'];
  const machine = createMachine();
  machine.answer('request', authorized('stored', 7));
  machine.answer('refused', authorized('renewed', 8));
  const requests = startWorker(async (own) => own.connect(machine.source));
  expect((await requests.fetch(new Request(API))).status).toBe(200);
  expect([sent, machine.asked]).toEqual([
    ['Bearer stored', 'Bearer renewed'],
    ['request', 'refused'],
  ]);
});

test('asks a machine for its token before a refusal, when the machine came while the request was away', async () => {
  await save(signedIn());
  const machine = createMachine();
  machine.answer('request', authorized('stored', 7));
  machine.answer('refused', authorized('renewed', 8));
  const requests = startWorker(noHost);
  vi.stubGlobal('fetch', async (request: Request) => {
    const authorization = request.headers.get('authorization');
    sent.push(authorization);
    // A machine that still reads the session would answer a refusal with the refused token.
    if (sent.length === 1) requests.connect(machine.source);
    const status = authorization === 'Bearer renewed' ? 200 : 401;
    return new Response(null, { status, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } });
  });
  expect((await requests.fetch(new Request(API))).status).toBe(200);
  expect([sent, machine.asked]).toEqual([
    ['Bearer stored', 'Bearer renewed'],
    ['request', 'refused'],
  ]);
});

test('fails a request as offline when the session machine does not load, and loads it for the next one', async () => {
  const machine = createMachine();
  const load = vi.fn<(own: Requests) => Promise<void>>(noHost);
  const requests = startWorker(load);
  expect((await requests.fetch(new Request(API))).type).toBe('error');
  load.mockImplementation(async (own) => own.connect(machine.source));
  expect((await requests.fetch(new Request(API))).status).toBe(200);
  expect(load).toHaveBeenCalledTimes(2);
});

test('lets the machine read the disk again after the first verdict', async () => {
  await save(signedIn());
  await startWorker(noHost).fetch(new Request(API));
  expect(firstRead?.takeRows()).toBeUndefined();
});
