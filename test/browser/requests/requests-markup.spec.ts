import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { hitsOn, SCHEMES, checkRow, wordsFor } from '../../support/page/requests.ts';
import { signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';

/** One element: adds it to the page, and returns the result. */
type Case = { kind: string; path: RegExp; hits: number; act: () => Promise<string> };

const PICTURE = /\/picture\.png$/;
const MODELS = /\/llm\/models$/;

const CASES: readonly Case[] = [
  {
    kind: '`<img>`',
    path: PICTURE,
    hits: 1,
    act: async () => {
      const image = new Image();
      image.src = '/api/v1/media/picture.png';
      await image.decode();
      return `a picture of ${image.naturalWidth} × ${image.naturalHeight}`;
    },
  },
  {
    kind: 'a background image',
    path: PICTURE,
    hits: 1,
    act: async () => {
      const element = document.body.appendChild(document.createElement('p'));
      const seen = new Promise((resolve) => {
        new PerformanceObserver((list) => {
          if (list.getEntriesByName(`${location.origin}/api/v1/media/picture.png?background`).length > 0) resolve(0);
        }).observe({ type: 'resource' });
      });
      element.style.backgroundImage = 'url("/api/v1/media/picture.png?background")';
      await seen;
      return 'the picture';
    },
  },
  {
    kind: '`<video>`',
    path: /\/clip\.mp4$/,
    hits: 1,
    act: () =>
      new Promise((resolve) => {
        const video = document.body.appendChild(document.createElement('video'));
        video.muted = true;
        video.onloadeddata = () => resolve(`a video of ${video.videoWidth} × ${video.videoHeight}`);
        video.onerror = () => resolve(`error ${video.error?.code}`);
        video.src = '/api/v1/media/clip.mp4';
      }),
  },
  {
    kind: '`<track>`',
    path: /\/captions\.vtt$/,
    hits: 1,
    act: () =>
      new Promise((resolve) => {
        const video = document.body.appendChild(document.createElement('video'));
        const track = video.appendChild(document.createElement('track'));
        track.onload = () => resolve(`${track.track.cues?.length} caption`);
        track.onerror = () => resolve('an `error` event');
        track.default = true;
        track.src = '/api/v1/media/captions.vtt';
        track.track.mode = 'showing';
      }),
  },
  {
    kind: '`<img>` outside the declared paths',
    path: MODELS,
    hits: 1,
    act: () =>
      new Promise((resolve) => {
        const image = new Image();
        image.onerror = () => resolve('an `error` event');
        image.src = '/api/v1/llm/models';
      }),
  },
  {
    kind: '`<script>`',
    path: MODELS,
    hits: 1,
    act: () =>
      new Promise((resolve) => {
        const script = document.createElement('script');
        script.onerror = () => resolve('an `error` event');
        script.src = '/api/v1/llm/models';
        document.body.append(script);
      }),
  },
];

/** Seeks to a position that the browser has not fetched yet. Returns the start of the range that it requested. */
const seek = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const audio = new Audio();
    const next = (event: string): Promise<unknown> =>
      new Promise((resolve, reject) => {
        audio.addEventListener(event, resolve, { once: true });
        audio.addEventListener('error', () => reject(new Error(`audio error ${audio.error?.code}`)), { once: true });
      });
    const loaded = next('loadedmetadata');
    audio.preload = 'metadata';
    audio.src = '/api/v1/media/tone.wav';
    await loaded;
    const sought = next('seeked');
    audio.currentTime = audio.duration * 0.9;
    await sought;
    const place = Math.round((audio.currentTime / audio.duration) * 100);
    const { duration } = audio;
    audio.src = '';
    return `${duration} s of sound, at ${place} %`;
  });

// The policy would block the script before the request.
test.use({ bypassCSP: true });

for (const sign of TOKEN_KINDS) {
  const wording = { scheme: SCHEMES[sign] };

  test(`${sign}: sends the requests of elements as the table shows`, async ({ page, app, lab, complaints }) => {
    complaints.expect(FAILED_REQUEST, /MIME type/);
    await signIn(page, app.origin, sign);
    for (const { kind, path, hits, act } of CASES) {
      await test.step(kind, async () => {
        await lab.clearLog();
        const caller = await page.evaluate(act);
        const seen = await hitsOn(lab, path, hits);
        await checkRow({ kind, server: seen.map((hit) => wordsFor(hit, wording)), caller });
      });
    }
  });

  test(`${sign}: requests ranges when the user seeks in a sound`, async ({ page, app, lab }) => {
    await signIn(page, app.origin, sign);
    await lab.clearLog();
    const caller = await seek(page);
    const tone = /\/tone\.wav$/;
    await expect.poll(async () => (await lab.log()).filter(({ path }) => tone.test(path)).length).toBeGreaterThan(1);
    const hits = (await lab.log()).filter(({ path }) => tone.test(path));
    expect(hits.map(({ auth, status }) => [auth, status])).toEqual(hits.map(() => [SCHEMES[sign], 206]));
    const starts = hits.map(({ headers }) => Number(/^bytes=(\d+)-/.exec(headers['range'] ?? '')?.[1]));
    expect(starts).toContain(0);
    expect(Math.max(...starts)).toBeGreaterThan(4_000_000);
    const server = [
      '`GET /api/v1/media/tone.wav`, token, `Range: bytes=0-` → 206',
      '`GET /api/v1/media/tone.wav`, token, `Range:` from the seek position → 206',
    ];
    await checkRow({ kind: '`<audio>`, and a seek', server, caller });
  });
}

test('adds no token to navigations and to downloads of the browser', async ({ page, app, lab, complaints }) => {
  complaints.expect(FAILED_REQUEST);
  await signIn(page, app.origin, 'password');
  await lab.clearLog();
  const download = page.waitForEvent('download');
  await page.evaluate(() => {
    const link = document.createElement('a');
    link.href = '/api/v1/media/picture.png';
    link.download = '';
    link.click();
  });
  const failure = await (await download).failure();
  expect(failure).not.toBe(null);
  const bare = (await hitsOn(lab, PICTURE, 1)).map((hit) => wordsFor(hit));
  await checkRow({ kind: '`<a download>`', server: bare, caller: 'a failed download' });

  await lab.clearLog();
  const posted = page.waitForNavigation();
  await page.evaluate(() => {
    const form = document.body.appendChild(document.createElement('form'));
    form.method = 'post';
    form.action = '/api/v1/notes';
    HTMLFormElement.prototype.submit.call(form);
  });
  const answer = await posted;
  const forms = (await hitsOn(lab, /\/notes$/, 1)).map((hit) => wordsFor(hit));
  await checkRow({ kind: 'a form that is posted', server: forms, caller: `the page of the ${answer?.status()}` });

  await lab.clearLog();
  const response = await page.goto(`${app.origin}/api/v1/llm/models`);
  const navigations = (await hitsOn(lab, MODELS, 1)).map((hit) => wordsFor(hit));
  await checkRow({ kind: 'a navigation', server: navigations, caller: `the page of the ${response?.status()}` });
});
