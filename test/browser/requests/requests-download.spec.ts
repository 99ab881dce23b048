import { stat } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { hitsOn, checkRow, wordsFor } from '../../support/page/requests.ts';
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
  test(`${sign}: downloads by a single-use link`, async ({ page, app, lab }) => {
    await signIn(page, app.origin, sign);
    await lab.clearLog();
    const { result, from, words } = await saved(page, '/api/v1/media/download');
    expect([result, from]).toEqual([{ ok: true, value: null }, 'http:']);
    const hits = await hitsOn(lab, /\/media\/download/, 2);
    const scheme = sign === 'password' ? 'bearer' : sign === 'oidc' ? 'dpop' : 'cookie';
    // The browser sends the cookie by itself. The link works without it.
    const bare = hits.map((hit) =>
      sign === 'ticket' && hit.method === 'GET' ? { ...hit, auth: 'none' as const } : hit,
    );
    const server = bare.map((hit) => wordsFor(hit, { scheme }));
    await checkRow({ kind: 'a download by link', server, caller: `${words}, by the browser itself` });
  });
}

test('saves the response from the page when the server has no links', async ({ page, app, lab, complaints }) => {
  complaints.expect(FAILED_REQUEST);
  await signIn(page, app.origin, 'password');
  await lab.clearLog();
  const { result, from, words } = await saved(page, '/api/v1/media/picture.png');
  expect([result, from]).toEqual([{ ok: true, value: null }, 'blob:']);
  const hits = await hitsOn(lab, /\/picture\.png/, 2);
  const server = hits.map((hit) => wordsFor(hit));
  await checkRow({ kind: 'a download where there are no links', server, caller: `${words}, through the page` });
});

test('reports the reason and saves nothing when the server refuses a download', async ({
  page,
  app,
  lab,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST);
  await signIn(page, app.origin, 'password');
  await lab.add({ at: 'api', path: '/api/v1/media/', kind: 'status', status: 503, times: 1 });
  expect(await page.evaluate(() => window.keeper.download('/api/v1/media/download'))).toEqual({
    ok: false,
    problem: { code: 'server-unavailable', at: '/api/v1/media/download/link', status: 503 },
  });
});
