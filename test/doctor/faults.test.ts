import { describe, expect, test } from 'vitest';
import { CHECKS } from '../../lab/doctor/doctor.ts';
import { API, SESSION } from './support/faults-api.ts';
import { EDGES, PROVIDER } from './support/faults-provider.ts';
import { DOCUMENTS, WORKER } from './support/faults-script.ts';
import { ACCOUNT, check, reportOn, troubles } from './support/run.ts';
import { SECRET, startSite } from './support/site.ts';
import { configured, worker } from './support/spoil.ts';

const TABLE = [...WORKER, ...DOCUMENTS, ...EDGES, ...PROVIDER, ...API, ...SESSION];

describe('a right deployment', () => {
  test('has nothing to mend', async () => {
    const site = await startSite();
    try {
      const report = await reportOn(site, { account: ACCOUNT });
      expect(troubles(report).filter((line) => !line.startsWith('browser-'))).toEqual([]);
      expect(JSON.stringify(report)).not.toContain(SECRET);
    } finally {
      await site.stop();
    }
  });

  test('needs neither a provider nor an account nor sealing', async () => {
    const site = await startSite(configured(() => ({ whoami: '/api/whoami', signIn: {}, sockets: [] })));
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

  test('may serve its worker from a folder, if it says so', async () => {
    const finding = await check(
      'worker-scope',
      { worker: worker({ 'service-worker-allowed': '/' }) },
      { worker: '/deep/sw.js' },
    );
    expect(finding.verdict).toBe('ok');
  });
});

describe('a fault', () => {
  test.each(TABLE)('%s: %s for %s', async (id, verdict, _name, spoilt, found, mend, given) => {
    const finding = await check(id, spoilt, given);
    expect(finding).toEqual({
      verdict,
      found: expect.stringMatching(found) as unknown,
      why: expect.stringMatching(/\S{2}/) as unknown,
      mend: expect.stringMatching(mend) as unknown,
    });
  });

  test('is known of every check', () => {
    const named = new Set(TABLE.map(([id]) => id));
    const silent = CHECKS.map(({ id }) => id).filter((id) => !named.has(id) && !id.startsWith('browser-'));
    expect(silent).toEqual([]);
    expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
  });
});
