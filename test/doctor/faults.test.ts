import { describe, expect, test } from 'vitest';
import { createContext } from '../../cli/doctor/site/context.ts';
import { deploymentOfConfig, UNKNOWN_CONFIG } from '../../cli/doctor/site/deployment.ts';
import { KEEPER_CONFIG } from '../../src/protocol/config.ts';
import type { Finding } from '../../cli/doctor/checks/check.ts';
import { DOCTOR_CHECKS } from '../../cli/doctor/checks/all-checks.ts';
import { API, BOUND_SITE, DEVICE, SESSION, UNBOUND_SITE } from './support/faults-api.ts';
import { EDGES, PROVIDER } from './support/faults-provider.ts';
import { DOCUMENTS, FILES, WORKER } from './support/faults-script.ts';
import { ACCOUNT, check, reportOn, siteAt, TIMEOUT_MS, troubles } from './support/run.ts';
import { configOf, SECRET, startSite, WORKER_CODE, workerHeaders, type Plan } from './support/site.ts';
import { configured, worker } from './support/spoil.ts';

/** The number in docs/reference/doctor.md. WebSocket upgrades are not counted. */
const MAX_REQUESTS = 35;

const TABLE = [...WORKER, ...FILES, ...DOCUMENTS, ...EDGES, ...PROVIDER, ...API, ...SESSION, ...DEVICE];

/** No browser opens the page here, and the session is no cookie. */
const isOfThisSite = (line: string): boolean => !/^browser-|^device-bound skipped/.test(line);

describe('correct deployment', () => {
  test('gets no warning and no failure', async () => {
    const site = await startSite();
    try {
      const report = await reportOn(site, { account: ACCOUNT });
      expect(troubles(report).filter(isOfThisSite)).toEqual([]);
      expect(JSON.stringify(report)).not.toContain(SECRET);
    } finally {
      await site.stop();
    }
  });

  test('gets at most 35 requests, and one for the page', async () => {
    const site = await startSite();
    try {
      await reportOn(site, { account: ACCOUNT });
      expect(site.log.length).toBeLessThanOrEqual(MAX_REQUESTS);
      expect(site.log.filter((line) => line === 'GET /')).toHaveLength(1);
    } finally {
      await site.stop();
    }
  });

  test('skips checks when there is no provider, account or seal', async () => {
    const site = await startSite(configured(() => ({ api: [], whoami: '/api/whoami', signIn: {}, sockets: [] })));
    try {
      const { counts, checks } = await reportOn(site);
      expect(counts).toMatchObject({ warn: 0, fail: 0 });
      const left = checks.filter(({ verdict }) => verdict === 'skipped').map(({ id }) => id);
      expect(left).toEqual(
        expect.arrayContaining(['seal-kept', 'callback-cache', 'provider-silent', 'socket', 'sign-in']),
      );
    } finally {
      await site.stop();
    }
  });

  test('reads the configuration from --config when the worker does not contain it', async () => {
    const site = await startSite({ worker: (_r, own) => ({ headers: workerHeaders(own), body: WORKER_CODE }) });
    try {
      const given = KEEPER_CONFIG.read(configOf(site));
      const config = given && deploymentOfConfig(given);
      const report = await reportOn(site, { account: ACCOUNT, config });
      const seen = troubles(report).filter(isOfThisSite);
      expect(seen).toEqual([expect.stringMatching(/^seal-kept skipped/)]);
      expect(report.checks.find(({ id }) => id === 'worker-config')?.found).toContain('--config');
    } finally {
      await site.stop();
    }
  });

  test('accepts a worker in a folder when Service-Worker-Allowed widens its scope', async () => {
    const finding = await check(
      'worker-scope',
      { worker: worker({ 'service-worker-allowed': '/' }) },
      { worker: '/deep/sw.js' },
    );
    expect(finding.verdict).toBe('ok');
  });
});

describe('sockets', () => {
  test('opens the socket of each codec like the worker does', async () => {
    const ticket = { url: '/api/ticket', method: 'POST', carry: 'protocol' };
    const sockets = [
      { url: '/api/socket', codec: 'keeper.1', ticket },
      { url: '/graphql', codec: 'graphql-transport-ws', ticket: { ...ticket, carry: 'query' } },
      { url: '/socket.io/?EIO=4&transport=websocket', codec: 'socket.io', ticket },
      { url: '/live/websocket?vsn=2.0.0', codec: 'phoenix', ticket: { ...ticket, carry: 'query' } },
      { url: '/centrifuge', codec: 'centrifuge', ticket: { ...ticket, carry: 'query' } },
      { url: '/api/events', codec: 'json-ping', ticket: { ...ticket, method: 'GET', carry: 'query' } },
      { url: '/board', codec: 'broadcast', ticket },
      { url: '/yjs/', codec: 'private', ticket },
      { url: '/own', codec: 'of-the-embedder', ticket },
    ];
    const offered: string[] = [];
    const site = await startSite({
      ...configured((own) => ({ ...configOf(own), sockets })),
      upgrade: ({ headers, url }, { origin }) => {
        const protocols = headers['sec-websocket-protocol'] ?? '';
        if (headers.origin !== origin) return 403;
        offered.push(`${url.pathname} ${protocols.replace(/keeper\.ticket\.\S+/, 'ticket')}`);
        return { chooses: protocols.split(', ')[0] ?? '' };
      },
    });
    try {
      const { checks } = await reportOn(site);
      const found = checks.filter(({ id }) => id.startsWith('socket'));
      expect(found.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([
        'socket ok',
        'socket-protocol ok',
        'socket-origin ok',
        'socket-ticket ok',
      ]);
      for (const { codec } of sockets) expect(found[0]?.found).toContain(`(${codec}) 101`);
      expect([...new Set(offered)]).toEqual([
        '/api/socket keeper.1, ticket',
        '/graphql graphql-transport-ws',
        '/socket.io/ socket.io, ticket',
        '/live/websocket ',
        '/centrifuge ',
        '/api/events ',
        '/board broadcast, ticket',
        '/yjs/session-keeper-doctor private, ticket',
        '/own of-the-embedder, ticket',
      ]);
    } finally {
      await site.stop();
    }
  });
});

describe('a cookie session that can be bound to its device', () => {
  type Case = { verdict: string; name: string; site: Partial<Plan>; key: string | undefined; found: RegExp };
  test.each<Case>([
    {
      ...{ verdict: 'ok', name: 'a correct offer', site: BOUND_SITE, key: 'key' },
      found: /offered at the sign-in \(ES256 RS256\).* \/bind wants/,
    },
    { verdict: 'skipped', name: 'no offer', site: UNBOUND_SITE, key: 'key', found: /offers no binding/ },
    { verdict: 'skipped', name: 'a wrong key', site: BOUND_SITE, key: 'wrong', found: /no cookie: HTTP 401/ },
    { verdict: 'skipped', name: 'no key', site: BOUND_SITE, key: undefined, found: /--api-key/ },
  ])('reports $verdict for $name', async ({ verdict, site, key, found }) => {
    expect(await check('device-bound', site, { apiKey: key })).toMatchObject({
      verdict,
      found: expect.stringMatching(found) as unknown,
    });
  });
});

describe('unreadable configuration', () => {
  test('skips the checks that need it, and does not report missing parts', async () => {
    const body = 'self.__SESSION_KEEPER__ = {"config":';
    const site = await startSite({ worker: (_request, own) => ({ headers: workerHeaders(own), body }) });
    try {
      const { checks } = await reportOn(site, { account: ACCOUNT });
      const unknown = checks.filter(({ found }) => found === UNKNOWN_CONFIG).map(({ id }) => id);
      const groups = new Set(checks.filter(({ id }) => unknown.includes(id)).map(({ group }) => group));
      expect([...groups]).toEqual(expect.arrayContaining(['Identity provider', 'API', 'Session']));
      expect(checks.filter(({ found }) => /There is no|No .* is configured/.test(found))).toEqual([]);
    } finally {
      await site.stop();
    }
  });

  test('rejects a check when the server does not respond', async () => {
    const site = await startSite();
    const page = createContext({ site: siteAt(site.origin), browser: { type: 'none' }, timeoutMs: TIMEOUT_MS });
    await page.page();
    await site.stop();
    const whoami = DOCTOR_CHECKS.find(({ id }) => id === 'whoami');
    await expect(whoami?.run(page)).rejects.toThrow(`No answer from ${site.origin}/sw.js`);
  });
});

describe('https', () => {
  const secure = async (hsts: string): Promise<Finding | undefined> => {
    const site = siteAt('https://app.example');
    const answer = {
      url: site.url.href,
      status: 200,
      headers: { 'strict-transport-security': hsts },
      cookies: [],
      body: '',
    };
    const context = createContext({ site, browser: { type: 'none' }, timeoutMs: TIMEOUT_MS });
    return DOCTOR_CHECKS.find(({ id }) => id === 'https')?.run({ ...context, page: async () => answer });
  };

  test.each([
    ['', 'warn', 'https without HSTS'],
    ['max-age=0', 'warn', 'https without HSTS'],
    ['max-age=3600; includeSubDomains', 'warn', 'HSTS for 3600 s only'],
    ['includeSubDomains; max-age="63072000"', 'ok', 'https, HSTS 63072000 s'],
  ])('reports HSTS "%s" as %s', async (hsts, verdict, found) => {
    expect(await secure(hsts)).toMatchObject({ verdict, found });
  });
});

describe('fault', () => {
  test.each(
    TABLE.map(([id, verdict, name, fault, found, fix, options]) => ({ id, verdict, name, fault, found, fix, options })),
  )('$id reports $verdict for: $name', async ({ id, verdict, fault, found, fix, options }) => {
    const finding = await check(id, fault, options);
    expect(finding).toEqual({
      verdict,
      found: expect.stringMatching(found) as unknown,
      why: expect.stringMatching(/\S{2}/) as unknown,
      fix: expect.stringMatching(fix) as unknown,
    });
  });

  test('exists in the table for every check', () => {
    const named = new Set(TABLE.map(([id]) => id));
    const missing = DOCTOR_CHECKS.map(({ id }) => id).filter((id) => !named.has(id) && !id.startsWith('browser-'));
    expect(missing).toEqual([]);
    expect(new Set(DOCTOR_CHECKS.map(({ id }) => id)).size).toBe(DOCTOR_CHECKS.length);
  });
});
