import { SESSION_LEAGUE } from '../../../bench/league/leagues.ts';
import { embeddedServer } from '../../../lab/site/embedded-server.ts';
import { siteFromFlags } from '../../../lab/site/site-from-flags.ts';
import type { ScenarioResult } from '../../../lab/results/result.ts';
import type { SignInModule } from '../../../lab/site/sign-in-module.ts';
import { expect, test } from '../../support/e2e.ts';
import { labReport } from '../../support/lab.ts';
import { startDesktopStory, startIdleStory } from '../../support/sites/story-sites.ts';

/* All scenarios against the app take minutes: `npm run lab`. */

const accountOf = (proof: string): SignInModule => {
  const site = siteFromFlags({ user: 'me', password: 'secret', proof, userField: 'name' });
  if (!site) throw new Error('The flags describe no site.');
  return site;
};

/** The verdicts by scenario, with the summaries of those that were not kept. */
const verdictsOf = (results: readonly ScenarioResult[]): string[] =>
  results.map(({ id, verdict, summary }) => `${id}: ${verdict}${verdict === 'kept' ? '' : ` (${summary})`}`);

test('keeps the session, the connection and the messages of the app over faults of each kind', async ({ app }) => {
  test.setTimeout(240_000);
  const scenarios = [
    'worker-killed-in-refresh',
    'refresh-answer-lost',
    'messages-over-a-drop',
    'freeze-and-resume',
    'token-revoked',
  ];
  const report = await labReport({ url: app.origin, site: embeddedServer(app.origin), scenarios });
  expect(verdictsOf(report.results).toSorted()).toEqual(scenarios.map((id) => `${id}: kept`).toSorted());
});

test('renews after a sleep although each connection is dead, with a provider that takes a refresh token once', async () => {
  test.setTimeout(120_000);
  const { url, site, stop } = await SESSION_LEAGUE.start('session-keeper');
  try {
    const { results } = await labReport({ url, site, scenarios: ['sleep-and-wake'] });
    expect(verdictsOf(results)).toEqual(['sleep-and-wake: kept']);
  } finally {
    await stop();
  }
});

test('finds out why a desktop app loses its session by a reload', async () => {
  test.setTimeout(120_000);
  const story = await startDesktopStory();
  try {
    const report = await labReport({ url: story.origin, site: accountOf('/api/whoami'), scenarios: ['reload'] });
    const [result] = report.results;
    expect(result?.verdict).toBe('lost');
    expect(result?.cause?.code).toBe('session-not-in-storage');
    expect(result?.summary).toContain('What it had saved was not stored.');
    expect(result?.before).toBeDefined();
    expect(result?.after).toBeDefined();
  } finally {
    await story.stop();
  }
});

test('finds out why a web app signs an idle user out, and that it has no heartbeat', async () => {
  test.setTimeout(240_000);
  const story = await startIdleStory();
  try {
    const [halfOpen] = (await labReport({ url: story.origin, site: accountOf('/api/me'), scenarios: ['half-open'] }))
      .results;
    expect(halfOpen?.cause?.code).toBe('no-heartbeat');
    const [idle] = (await labReport({ url: story.origin, site: accountOf('/api/me'), scenarios: ['idle-5-minutes'] }))
      .results;
    expect(idle?.verdict).toBe('lost');
    expect(idle?.summary).toMatch(
      /^Signed out 5 min \d\d s after the start; \/login was open\. The socket's ticket had expired/,
    );
    expect(idle?.cause?.request?.outcome).toBe('answered 401');
    expect(JSON.stringify(idle)).not.toMatch(/[\da-f]{8}-[\da-f]{4}-4/);
  } finally {
    await story.stop();
  }
});
