import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import type { LogEntry } from '../../../server/auth/request-log.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { peakMemory } from '../../support/browser/memory.ts';
import { hitsOn, checkRow, wordsFor } from '../../support/page/requests.ts';
import { signIn } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

const MB = 1_000_000;
const UPLOAD = '/api/v1/media/upload';
const UPLOADS = /\/media\/upload/;
/** The first requests of an upload, which have no fault. */
const UNDISTURBED = 5;

declare global {
  interface Window {
    /** The reported progress in bytes. */
    acknowledged: number[];
    cancel(): void;
    uploading: Promise<string>;
  }
}

/** All megabytes differ, so that a missing, doubled or moved one changes the digest. */
const piecesOf = function* (megabytes: number): Generator<Buffer> {
  for (let index = 0; index < megabytes; index += 1) yield Buffer.alloc(MB, index + 1);
};

const digestOf = (megabytes: number): string => {
  const hash = createHash('sha256');
  for (const piece of piecesOf(megabytes)) hash.update(piece);
  return hash.digest('hex');
};

/** Chooses a file of this size, as a user does. */
const choose = async (page: Page, megabytes: number): Promise<void> => {
  const file = join(folder, `${megabytes}.bin`);
  await writeFile(file, piecesOf(megabytes));
  await page.evaluate(() => {
    document.querySelector('#chosen')?.remove();
    const input = document.body.appendChild(document.createElement('input'));
    input.type = 'file';
    input.id = 'chosen';
  });
  await page.locator('#chosen').setInputFiles(file);
};

/** Starts the upload. `window.uploading` resolves with the result of the caller. */
const begin = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const file = document.querySelector<HTMLInputElement>('#chosen')?.files?.[0] ?? new Blob();
    const controller = new AbortController();
    window.acknowledged = [];
    window.cancel = () => controller.abort();
    const onProgress = ({ sent }: { sent: number }): void => void window.acknowledged.push(sent);
    window.uploading = window.keeper
      .upload('/api/v1/media/upload', file, { onProgress, signal: controller.signal })
      .then(async (response) => `${response.status} ${await response.text()}`)
      .catch((error: Error) => error.name);
  });

const progressOf = (page: Page): Promise<number[]> => page.evaluate(() => window.acknowledged);

/** Delays one part by this time (ms), so that the test can act in the middle of the upload. */
const haltInTheMiddle = async (lab: FaultClient, ms: number): Promise<void> => {
  await lab.add({ at: 'api', path: UPLOAD, kind: 'slow', ms: 1, times: UNDISTURBED });
  await lab.add({ at: 'api', path: UPLOAD, kind: 'hang', ms, times: 1 });
};

const begun = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => window.acknowledged.length > 0, undefined, { polling: 10 });

const expectUnfinished = async (page: Page, megabytes: number): Promise<void> =>
  expect((await progressOf(page)).at(-1)).toBeLessThan(megabytes * MB);

const expectReceived = async (page: Page, megabytes: number): Promise<string> => {
  const outcome = await page.evaluate(() => window.uploading);
  expect(outcome).toBe(`200 ${JSON.stringify({ bytes: megabytes * MB, sha256: digestOf(megabytes) })}`);
  const progress = await progressOf(page);
  expect(progress.at(-1)).toBe(megabytes * MB);
  expect(progress).toEqual([...new Set(progress)].toSorted((one, other) => one - other));
  return '200; the server has the same bytes';
};

const endOf = ({ headers, bodyBytes }: LogEntry): number => Number(headers['upload-offset']) + bodyBytes;

/** Parts that the server received completely. */
const takenParts = async (lab: FaultClient): Promise<readonly LogEntry[]> =>
  (await lab.log()).filter(({ method, status }) => method === 'PATCH' && (status === 204 || status === 200));

const BEGINNING = [
  '`OPTIONS /api/v1/media/upload`, token → 204',
  '`POST /api/v1/media/upload`, token, `Idempotency-Key` → 201',
];
const PARTS = '`PATCH /api/v1/media/upload/…`, token, in parts → 204, and 200 for the last';

let folder: string;
test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keeper-files-'));
});
test.afterAll(() => rm(folder, { recursive: true }));

test.beforeEach(async ({ page, app, lab, complaints }) => {
  complaints.expect(FAILED_REQUEST);
  await signIn(page, app.origin, 'password');
  await lab.clearLog();
});

test('uploads 100 MB with true progress and flat memory', async ({ page, lab }) => {
  const hundred = 100;
  await choose(page, hundred);
  const memory = await peakMemory(page);
  await begin(page);
  const caller = await expectReceived(page, hundred);
  const grown = await memory.grown();

  const parts = await takenParts(lab);
  expect(parts.map(({ auth }) => auth)).toEqual(parts.map(() => 'bearer'));
  expect(parts.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)).toBe(hundred * MB);
  const progress = await progressOf(page);
  expect(progress).toEqual(parts.map(endOf));
  expect(progress.length).toBeGreaterThan(10);
  const others = (await lab.log()).filter(({ path, method }) => UPLOADS.test(path) && method !== 'PATCH');
  expect(others.map((hit) => wordsFor(hit))).toEqual(BEGINNING);
  expect(grown, `${Math.round(grown / MB)} MB more at the peak`).toBeLessThan(60 * MB);
  const words = `${caller}; progress for each part that the server has; memory stays flat`;
  await checkRow({ kind: 'an upload of 100 MB', server: [...BEGINNING, PARTS], caller: words });

  const control = await peakMemory(page);
  await page.evaluate(() => void Object.assign(window, { kept: new Uint8Array(100_000_000).fill(1) }));
  expect(await control.grown()).toBeGreaterThan(90 * MB);
});

test('continues an upload when the worker dies in the middle', async ({ page, lab }) => {
  const size = 24;
  await haltInTheMiddle(lab, 3_000);
  await choose(page, size);
  await begin(page);
  await begun(page);
  await killWorkers(page);
  await expectUnfinished(page, size);
  const caller = await expectReceived(page, size);
  const parts = await takenParts(lab);
  expect(parts.at(-1) && endOf(parts.at(-1)!)).toBe(size * MB);
  const words = `${caller}; it continues where the server was`;
  await checkRow({
    kind: 'an upload; the worker is killed in the middle',
    server: [...BEGINNING, PARTS],
    caller: words,
  });
});

test('continues an upload when the network is back', async ({ page, context, lab }) => {
  const size = 24;
  await haltInTheMiddle(lab, 1_000);
  await choose(page, size);
  const failed = page.waitForEvent('requestfailed', (request) => request.method() === 'HEAD');
  await begin(page);
  await begun(page);
  await context.setOffline(true);
  await failed;
  await expectUnfinished(page, size);
  // The delayed part was sent but not received, so the progress does not count it.
  const onServer = Math.max(...(await takenParts(lab)).map(endOf));
  expect((await progressOf(page)).at(-1)).toBeLessThanOrEqual(onServer);
  const before = (await progressOf(page)).length;
  await context.setOffline(false);
  const caller = await expectReceived(page, size);
  expect((await progressOf(page)).length).toBeGreaterThan(before);
  const offsetRequests = (await lab.log()).filter(({ method, path }) => method === 'HEAD' && UPLOADS.test(path));
  expect(offsetRequests.length).toBeGreaterThan(0);
  const server = [...BEGINNING, '`HEAD /api/v1/media/upload/…`, token → 204, when it is back', PARTS];
  const words = `${caller}; it continues where the server was`;
  await checkRow({ kind: 'an upload; the network is lost in the middle', server, caller: words });
});

test('continues an upload when the answer to a part is lost', async ({ page, lab }) => {
  const size = 24;
  await lab.add({ at: 'api', path: UPLOAD, kind: 'slow', ms: 1, times: UNDISTURBED });
  await lab.add({ at: 'api', path: UPLOAD, kind: 'lost', times: 1 });
  await choose(page, size);
  await begin(page);
  const caller = await expectReceived(page, size);
  const lost = (await lab.log()).filter(({ method, status }) => method === 'PATCH' && status === 0);
  expect(lost).toHaveLength(1);
  const parts = await takenParts(lab);
  const taken = [...parts, ...lost].reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
  expect(taken).toBe(size * MB);
  const words = `${caller}; no byte was sent twice`;
  await checkRow({ kind: 'an upload; the server loses an answer', server: [...BEGINNING, PARTS], caller: words });
});

test('removes an upload from the server when the page aborts it', async ({ page, lab }) => {
  const size = 24;
  await haltInTheMiddle(lab, 3_000);
  await choose(page, size);
  await begin(page);
  await begun(page);
  await page.evaluate(() => window.cancel());
  const caller = `\`${await page.evaluate(() => window.uploading)}\``;
  // The fault may hit the removal instead of a part. The browser then sends the removal again by itself.
  const removals = async (): Promise<unknown[]> =>
    (await lab.log()).flatMap(({ method, auth, status }) =>
      method === 'DELETE' && status !== 0 ? [[auth, status]] : [],
    );
  await expect.poll(removals, { timeout: 10_000 }).toEqual([['bearer', 204]]);
  const server = [
    ...BEGINNING,
    '`PATCH /api/v1/media/upload/…`, token, in parts → 204, then none',
    '`DELETE /api/v1/media/upload/…`, token → 204',
  ];
  await checkRow({ kind: 'an upload that is aborted', server, caller });
});

test('uploads a small file in one request', async ({ page, lab }) => {
  const caller = await page.evaluate(async () => {
    const seen: number[] = [];
    const onProgress = ({ sent }: { sent: number }): void => void seen.push(sent);
    const response = await window.keeper.upload('/api/v1/media/upload', new ArrayBuffer(1000), { onProgress });
    return `${response.status}; progress: ${seen.join(', ')} B`;
  });
  const hits = await hitsOn(lab, UPLOADS, 1);
  await checkRow({ kind: 'an upload in one request', server: hits.map((hit) => wordsFor(hit)), caller });
});
