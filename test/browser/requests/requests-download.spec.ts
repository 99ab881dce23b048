import { stat } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { hitsOn, tell, wordsFor } from '../../support/page/requests.ts';
import { SIGN_IN_KINDS, signIn } from '../../support/page/sign-in.ts';

type Saved = { result: unknown; from: string; words: string };

const saved = async (page: Page, url: string): Promise<Saved> => {
  const began = page.waitForEvent('download');
  const result = await page.evaluate((address) => window.keeper.download(address), url);
  const download = await began;
  const { size } = await stat(await download.path());
  return {
    result,
    from: new URL(download.url()).protocol,
    words: `\`ok\`, and \`${download.suggestedFilename()}\` of ${size} B`,
  };
};

for (const sign of SIGN_IN_KINDS) {
  test(`${sign}: a download goes to the browser by a link of one use`, async ({ page, app, lab }) => {
    await signIn(page, app.origin, sign);
    await lab.clearLog();
    const { result, from, words } = await saved(page, '/api/v1/media/download');
    expect([result, from]).toEqual([{ ok: true, value: null }, 'http:']);
    const hits = await hitsOn(lab, /\/media\/download/, 2);
    const scheme = sign === 'password' ? 'bearer' : sign === 'oidc' ? 'dpop' : 'cookie';
    // a cookie goes along by itself; the link would do without
    const bare = hits.map((hit) =>
      sign === 'ticket' && hit.method === 'GET' ? { ...hit, auth: 'none' as const } : hit,
    );
    const server = bare.map((hit) => wordsFor(hit, { scheme }));
    await tell({ kind: 'a download by link', server, caller: `${words}, by the browser itself` });
  });
}

test('where there are no links, the page saves what it has read', async ({ page, app, lab, complaints }) => {
  complaints.expect(FAILED_REQUEST);
  await signIn(page, app.origin, 'password');
  await lab.clearLog();
  const { result, from, words } = await saved(page, '/api/v1/media/picture.png');
  expect([result, from]).toEqual([{ ok: true, value: null }, 'blob:']);
  const hits = await hitsOn(lab, /\/picture\.png/, 2);
  const server = hits.map((hit) => wordsFor(hit));
  await tell({ kind: 'a download where there are no links', server, caller: `${words}, through the page` });
});

test('a download that the server refuses says why, and saves nothing', async ({ page, app, lab, complaints }) => {
  complaints.expect(FAILED_REQUEST);
  await signIn(page, app.origin, 'password');
  await lab.add({ at: 'api', path: '/api/v1/media/', kind: 'status', status: 503, times: 1 });
  expect(await page.evaluate(() => window.keeper.download('/api/v1/media/download'))).toEqual({
    ok: false,
    problem: { code: 'server-unavailable', at: '/api/v1/media/download/link', status: 503 },
  });
});
