import 'fake-indexeddb/auto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import type { SignInCommand, Verdict } from '../../src/core/session/session-types.ts';
import { createDpopKeys } from '../../src/host/auth/dpop-keys.ts';
import { createPasswordMethod } from '../../src/host/auth/methods/password-method.ts';
import { createOidcMethod } from '../../src/host/auth/oidc-method.ts';
import { createPendingSignIns } from '../../src/host/auth/pending-sign-ins.ts';
import {
  createWorldClock,
  endWorld,
  settle,
  startWorker,
  type MethodsOf,
  type WorldClock,
  type WorldWorker,
} from '../support/providers/browser-world.ts';
import { connectTo, simulateProvider } from '../support/providers/simulated-provider.ts';
import { simulateService, type SimulatedService } from '../support/providers/simulated-service.ts';
import { APP, OIDC_CASES, SERVICE_CASES, type OidcCase, type ServiceCase } from './cases.ts';
import { NEVER_SLEPT } from '../support/never-slept.ts';

/* Each preset against its provider as the documents describe it. The last test writes or checks the table of the docs. */

const MINUTE_MS = 60_000;
const WATCHED_MINUTES = 30;
const DOCUMENT = new URL('../../docs/reference/providers.md', import.meta.url);
const COLUMNS = [
  'sign-in',
  'reload',
  'refresh',
  'two tabs at once',
  'killed worker',
  'ended there',
  'dead token asks',
  'sign-out',
  'socket',
] as const;
type Column = (typeof COLUMNS)[number];

type Setting = {
  name: string;
  clock: WorldClock;
  server: SimulatedService;
  methodsOf: MethodsOf;
  signIn(worker: WorldWorker): Promise<void>;
};

const oidcSetting = ({ name, config, habits }: OidcCase): Setting => {
  const clock = createWorldClock();
  const server = simulateProvider(habits, clock.now);
  connectTo([
    { origin: new URL(habits.issuer).origin, fetch: server.fetch },
    { origin: APP, fetch: server.fetch },
  ]);
  return {
    ...{ name, clock, server },
    methodsOf({ disk, sealer, hasLeft }) {
      const oidc = createOidcMethod({
        ...{ config, origin: APP, scope: '/', hasLeft, now: clock.now, connections: NEVER_SLEPT },
        keys: createDpopKeys({ disk, sealer, now: clock.now }),
        pendingSignIns: createPendingSignIns({ disk, sealer, home: '/', now: clock.now }),
      });
      return { methods: { oidc }, revoke: oidc.revoke };
    },
    async signIn({ runtime }) {
      const next = await runtime.signIn({ kind: 'oidc' });
      if (!next.ok || next.value?.type !== 'redirect') throw new Error(JSON.stringify(next));
      const back = server.authorize(next.value.url);
      runtime.dispatch({ type: 'sign-in', id: undefined, command: { kind: 'oidc-callback', url: back.href } });
      await settle();
    },
  };
};

const serviceSetting = ({ name, config, habits }: ServiceCase): Setting => {
  const clock = createWorldClock();
  const server = simulateService(habits, clock.now);
  connectTo(habits.origins.map((origin) => ({ origin, fetch: server.fetch })));
  const order: SignInCommand = { kind: 'password', username: 'demo@example.com', password: 'demo' };
  return {
    ...{ name, clock, server },
    methodsOf() {
      const password = createPasswordMethod(config, { origin: APP, now: clock.now, connections: NEVER_SLEPT });
      return { methods: { password }, revoke: password.revoke };
    },
    async signIn({ runtime }) {
      const result = await runtime.signIn(order);
      if (!result.ok) throw new Error(JSON.stringify(result));
      await settle();
    },
  };
};

const begin = async (setting: Setting): Promise<WorldWorker> => {
  const worker = await startWorker(setting.clock, setting.methodsOf);
  await setting.signIn(worker);
  return worker;
};

const refreshes = ({ server }: Setting): number => server.asked.filter(({ grant }) => grant === 'refresh_token').length;
const isGood = ({ server }: Setting, verdict: Verdict): boolean =>
  verdict.type === 'authorized' && server.accepts(verdict.token.value);
const after = async <T>(work: Promise<T>): Promise<T> => {
  await settle();
  return work;
};

/** What a cell of the table says. Each one throws where the session does what it must not. */
const CELLS: { readonly [C in Column]: (setting: Setting) => Promise<string> } = {
  async 'sign-in'(setting) {
    const { state, session } = await begin(setting);
    expect(state.state).toBe('active');
    expect(session?.user?.sub).toBe('demo');
    return session?.tokens.refresh === undefined ? 'no refresh token' : 'yes';
  },
  async reload(setting) {
    (await begin(setting)).kill();
    const before = setting.server.asked.length;
    const next = await startWorker(setting.clock, setting.methodsOf);
    expect(next.state.state).toBe('active');
    expect(isGood(setting, await after(next.request()))).toBe(true);
    expect(setting.server.asked.length).toBe(before);
    return 'kept';
  },
  async refresh(setting) {
    const worker = await begin(setting);
    const first = worker.session?.tokens.refresh;
    await setting.clock.pass(10 * MINUTE_MS);
    expect(refreshes(setting)).toBeGreaterThan(0);
    expect(isGood(setting, await after(worker.request()))).toBe(true);
    return worker.session?.tokens.refresh === first ? 'same token' : 'rotated';
  },
  async 'two tabs at once'(setting) {
    const worker = await begin(setting);
    const verdicts = await after(Promise.all([worker.unauthorized(), worker.unauthorized()]));
    expect(verdicts.every((verdict) => isGood(setting, verdict))).toBe(true);
    expect(refreshes(setting)).toBe(1);
    return 'one refresh';
  },
  async 'killed worker'(setting) {
    const worker = await begin(setting);
    const { fetch } = globalThis;
    const lost = new Promise<void>((resolve) => {
      vi.stubGlobal('fetch', async (...given: Parameters<typeof fetch>) => {
        const answer = await fetch(...given);
        if (refreshes(setting) === 0) return answer;
        resolve();
        // The provider has done its work, and the answer never arrives.
        return new Promise<Response>(() => undefined);
      });
    });
    void worker.unauthorized();
    await lost;
    worker.kill();
    vi.stubGlobal('fetch', fetch);
    const next = await startWorker(setting.clock, setting.methodsOf);
    await setting.clock.pass(1_000);
    if (next.state.state === 'active' && isGood(setting, await after(next.request()))) return 'kept';
    const { state } = next;
    expect(state).toMatchObject({ state: 'signed-out', problem: { code: 'answer-lost' } });
    return 'signed out: no reuse grace';
  },
  async 'ended there'(setting) {
    const worker = await begin(setting);
    setting.server.endAll();
    await after(worker.unauthorized());
    const { state } = worker;
    expect(['signed-out', 'sign-in-required']).toContain(state.state);
    return state.state === 'signed-out' ? 'signed out' : 'asks the person';
  },
  async 'dead token asks'(setting) {
    const worker = await begin(setting);
    setting.server.endAll();
    const before = refreshes(setting);
    // A page that requests all the time, and a person who comes back to the tab.
    for (let minute = 0; minute < WATCHED_MINUTES; minute += 1) {
      void worker.unauthorized();
      void worker.request();
      worker.runtime.dispatch({ type: 'nudge', cause: 'visible' });
      await setting.clock.pass(MINUTE_MS);
    }
    const asked = refreshes(setting) - before;
    expect(asked).toBeLessThanOrEqual(2 * WATCHED_MINUTES);
    for (let minute = 0; minute < WATCHED_MINUTES; minute += 1) {
      const from = setting.clock.now() - (WATCHED_MINUTES - minute) * MINUTE_MS;
      const within = setting.server.asked.filter(({ at }) => at >= from && at < from + MINUTE_MS);
      expect(within.length).toBeLessThanOrEqual(2);
    }
    return asked === 1 ? 'once' : `${asked} times in ${WATCHED_MINUTES} minutes`;
  },
  async 'sign-out'(setting) {
    const worker = await begin(setting);
    const page = worker.session?.tokens.endSession ?? worker.session?.tokens.endSessionIfRefused;
    await worker.signOut();
    expect(worker.state).toMatchObject({ state: 'signed-out', reason: 'user' });
    if (!setting.server.alive()) {
      expect(worker.refused).toEqual([]);
      return 'revoked';
    }
    expect(worker.refused).toMatchObject([{ code: 'revocation-refused' }]);
    return page === undefined
      ? 'token lives on, and is shown'
      : 'token lives on, and is shown; log-out page on request';
  },
  async socket(setting) {
    const worker = await begin(setting);
    const { generation } = worker.session ?? { generation: 0 };
    await setting.clock.pass(10 * MINUTE_MS);
    worker.runtime.dispatch({ type: 'suspected', generation });
    await settle();
    // The ticket is an authorized request.
    expect(isGood(setting, await after(worker.request()))).toBe(true);
    return 'new ticket';
  },
};

const SETTINGS: readonly [name: string, create: () => Setting][] = [
  ...OIDC_CASES.map((each): [string, () => Setting] => [each.name, () => oidcSetting(each)]),
  ...SERVICE_CASES.map((each): [string, () => Setting] => [each.name, () => serviceSetting(each)]),
];

const found = new Map<string, Map<Column, string>>();

afterEach(endWorld);

describe.each(SETTINGS)('%s', (name, create) => {
  test.each(COLUMNS)('%s', async (column) => {
    const cell = await CELLS[column](create());
    expect(cell).not.toBe('');
    found.set(name, (found.get(name) ?? new Map<Column, string>()).set(column, cell));
  });
});

const BEGIN = '<!-- table -->\n';
const END = '<!-- end of the table -->';

const table = (): string =>
  [
    `| \`providers.\` | ${COLUMNS.join(' | ')} |`,
    `|---|${COLUMNS.map(() => '---|').join('')}`,
    ...SETTINGS.map(
      ([name]) => `| \`${name}\` | ${COLUMNS.map((column) => found.get(name)?.get(column) ?? '').join(' | ')} |`,
    ),
    '',
  ].join('\n');

/** Without the padding that the formatter adds. */
const plain = (text: string): string =>
  text
    .replaceAll(/ {2,}/g, ' ')
    .replaceAll(/-{3,}/g, '---')
    .replaceAll(/\| ?---/g, '|---')
    .replaceAll(/--- \|/g, '---|')
    .trim();

describe('the table of docs/reference/providers.md', () => {
  test('says what the providers above did (PROVIDERS_TABLE=write writes it)', () => {
    expect([...found.values()].every((cells) => cells.size === COLUMNS.length)).toBe(true);
    const text = readFileSync(DOCUMENT, 'utf8');
    const [before = '', rest = ''] = text.split(BEGIN);
    const [written = '', behind = ''] = rest.split(END);
    const isWriting = process.env['PROVIDERS_TABLE'] === 'write';
    if (isWriting) writeFileSync(DOCUMENT, `${before}${BEGIN}\n${table()}\n${END}${behind}`);
    expect(isWriting ? '' : plain(written)).toBe(isWriting ? '' : plain(table()));
  });
});

afterAll(endWorld);
