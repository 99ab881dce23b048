import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { startHttpsLab } from '../../support/sites/https-site.ts';
import { hitsOn, checkRow, wordsFor } from '../../support/page/requests.ts';
import { signIn } from '../../support/page/sign-in.ts';

const UPLOAD = /\/media\/upload$/;
const BYTES = 50_000;
const PIECE_BYTES = 1_000;

let site: Awaited<ReturnType<typeof startHttpsLab>>;
let page: Page;
test.beforeAll(async () => {
  site = await startHttpsLab();
  page = await site.browser.newPage();
  await signIn(page, site.origin, 'password');
});
test.afterAll(() => site.stop());
test.beforeEach(({ complaints }) => {
  complaints.watch(page.context());
  return site.faults.clearLog();
});

/** Sends a stream of unknown length. Returns the status or the name of the error. */
const uploadStream = (): Promise<string> =>
  page.evaluate(
    ([bytes, piece]) => {
      let left: number = bytes;
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          if (left === 0) return controller.close();
          left -= piece;
          return controller.enqueue(new Uint8Array(piece));
        },
      });
      const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
      return fetch('/api/v1/media/upload', init).then(
        ({ status }) => String(status),
        (error: Error) => error.name,
      );
    },
    [BYTES, PIECE_BYTES] as const,
  );

test('authorizes an upload from a stream over HTTPS', async () => {
  const status = await uploadStream();
  const hits = await hitsOn(site.faults, UPLOAD, 1);
  expect(hits).toMatchObject([{ status: 200, bodyBytes: BYTES }]);
  const server = hits.map((hit) => wordsFor(hit));
  await checkRow({ kind: 'an upload from a stream, HTTP/2', server, caller: status });
});

test('sends an upload from a stream once more when the answer over HTTPS is 401', async ({ complaints }) => {
  complaints.expect(FAILED_REQUEST);
  await site.faults.expireTokens();
  const status = await uploadStream();
  const hits = await hitsOn(site.faults, UPLOAD, 2);
  expect(hits.at(-1)).toMatchObject({ status: 200, bodyBytes: BYTES });
  const server = hits.map((hit) => wordsFor(hit));
  const caller = `${status}; until the answer the worker keeps what was read of the stream`;
  await checkRow({ kind: 'POST from a stream, HTTP/2', server, caller });
});
