import { expect, test } from '../../support/e2e.ts';
import { expectSession, openKeeper } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { signIn } from '../../support/page/sign-in.ts';

/** More messages than a page may send within two windows of 20 s, in case the flood begins at the end of one. */
const FLOOD = 12_000;

type Answer = { mark?: string; message?: { id: string; value?: { ok: boolean; problem?: { code: string } } } };

test('reports `over-limit` to a page that floods the worker, and serves the others [message-flood]', async ({
  page,
  context,
  app,
}) => {
  await signIn(page, app.origin, 'password');
  const other = await context.newPage();
  await openKeeper(other, app.origin);
  await expectSession(other, 'active');
  const codes = await page.evaluate(
    (count) =>
      new Promise<Record<string, number>>((resolve) => {
        const counts: Record<string, number> = {};
        let left = count;
        navigator.serviceWorker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
          if (data.message?.id.startsWith('flood') !== true) return;
          const code = data.message.value?.problem?.code ?? 'answered';
          counts[code] = (counts[code] ?? 0) + 1;
          if ((left -= 1) === 0) resolve(counts);
        });
        for (let index = 0; index < count; index += 1) {
          const message = { id: `flood${index}`, type: 'APPLY', path: ['snapshot'], argumentList: [] };
          navigator.serviceWorker.controller?.postMessage({ mark: 'session-keeper', type: 'call', message });
        }
      }),
    FLOOD,
  );
  expect(codes['answered']).toBeLessThanOrEqual(10_000);
  expect(codes['over-limit']).toBe(FLOOD - (codes['answered'] ?? 0));
  expect(await other.evaluate(() => window.keeper.nudge())).toEqual({ ok: true, value: null });
  expect([await fetchOnce(page), await fetchOnce(other)]).toEqual([200, 200]);
  await expectSession(page, 'active');
});
