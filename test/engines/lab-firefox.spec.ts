import { expect, test } from '@playwright/test';
import { findFirefox } from '../../lab/browser/find-browser.ts';
import { embeddedServer } from '../../lab/site/embedded-server.ts';
import { labReport } from '../support/lab.ts';
import { startApp } from '../support/server/app.ts';

test('keeps the session and the connection in the lab over faults of each kind', async () => {
  test.setTimeout(300_000);
  const executablePath = findFirefox();
  if (executablePath === undefined) throw new Error('There is no Firefox here; `npm run test:engines` installs one.');
  const scenarios = ['tabs-refresh-at-once', 'worker-killed-at-rest', 'refresh-answer-lost', 'server-restart'];
  const app = await startApp();
  try {
    const report = await labReport(
      { url: app.origin, site: embeddedServer(app.origin), scenarios: [...scenarios, 'freeze-and-resume'] },
      { engine: 'firefox', executablePath },
    );
    expect(report.results.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['tabs-refresh-at-once', 'kept'],
      ['worker-killed-at-rest', 'kept'],
      ['refresh-answer-lost', 'kept'],
      ['server-restart', 'kept'],
      ['freeze-and-resume', 'skipped'],
    ]);
  } finally {
    await app.stop();
  }
});
