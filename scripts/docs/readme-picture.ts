/** Makes the moving picture of the README from the real app: `npm run docs:picture`. Look at its frames before you commit. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { animatedPng, type AnimationFrame } from './animated-png.ts';
import { fillInForm, killWorker, sendForm, withDemoApp } from './demo-app.ts';

const PICTURE = 'docs/session-keeper.png';
const MAX_BYTES = 700_000;
const APP = { width: 800, height: 560 };
const CAPTION_HEIGHT = 56;
const STEPS = ['Sign in', 'Reload', 'Kill the worker', 'Cut the network', 'Break everything'] as const;
const READ_MS = 2_200;
const GLANCE_MS = 900;
const LAST_MS = 4_000;
const OK = 200;
const MINUTE_MS = 60_000;

type Step = (typeof STEPS)[number];

/** The steps in a row, this one highlighted, and a sentence about it. */
const captionOf = (step: Step, text: string): string => `<!doctype html>
<style>
  body { margin: 0; font: 15px/1.3 system-ui, 'Liberation Sans', sans-serif; background: #23263a; color: #fff; }
  img { display: block; width: ${APP.width}px; height: ${APP.height}px; }
  div { display: flex; flex-direction: column; justify-content: center; gap: 6px; height: ${CAPTION_HEIGHT}px; padding: 0 20px; }
  span { margin-inline-end: 18px; font-size: 12px; color: #9298b8; }
  .now { color: #ffd166; font-weight: 600; }
</style>
<img><div><p style="margin:0">${text}</p>
<p style="margin:0">${STEPS.map((name, index) => `<span class="${name === step ? 'now' : ''}">${index + 1} ${name}</span>`).join('')}</p></div>`;

/** Puts a picture of the app above its caption. */
const compose = async (sheet: Page, app: Buffer, step: Step, text: string): Promise<Buffer> => {
  await sheet.setContent(captionOf(step, text));
  await sheet.locator('img').evaluate(
    async (image: { src: string; decode(): Promise<void> }, src: string) => {
      image.src = src;
      await image.decode();
    },
    `data:image/png;base64,${app.toString('base64')}`,
  );
  return sheet.screenshot();
};

const play = async (browser: Browser, url: string): Promise<readonly AnimationFrame[]> => {
  const context = await browser.newContext({ viewport: APP, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const sheet = await browser.newPage({ viewport: { ...APP, height: APP.height + CAPTION_HEIGHT } });
  const frames: AnimationFrame[] = [];
  const shoot = async (step: Step, text: string, ms = READ_MS): Promise<void> => {
    frames.push({ png: await compose(sheet, await page.screenshot({ caret: 'hide' }), step, text), ms });
  };
  const isConnected = () => page.getByRole('main').getByText('Everything is connected.').waitFor();

  await page.goto(url);
  await page.getByLabel('User name').waitFor();
  await page.getByRole('button', { name: 'Try it now' }).waitFor();
  await shoot('Sign in', 'Sign in once.');
  await fillInForm(page);
  await sendForm(page);
  await isConnected();
  await shoot('Sign in', 'The worker holds the tokens and one WebSocket for all tabs.');

  await page.reload();
  await isConnected();
  await page.getByText('1 reload', { exact: false }).first().waitFor();
  await shoot('Reload', 'Reload the page: still signed in.');

  await shoot('Kill the worker', 'Now the browser kills the service worker …', GLANCE_MS);
  await killWorker(page);
  const status = await page.evaluate("fetch('/api/v1/llm/models').then((response) => response.status)");
  if (status !== OK)
    throw new Error(`The first request after the worker's end was answered with ${String(status)}, not ${OK}.`);
  await page.getByText('worker restart').first().waitFor();
  await isConnected();
  await shoot('Kill the worker', '… the next request starts a new one: 200, still signed in.');

  await context.setOffline(true);
  await page.getByRole('button', { name: 'Session: Offline' }).waitFor();
  await shoot('Cut the network', 'Without a network: still signed in.');

  await context.setOffline(false);
  await page.getByRole('button', { name: 'Session: Connected' }).waitFor();
  await page.getByRole('link', { name: 'Resilience' }).click();
  await page.getByRole('button', { name: 'All of them' }).click();
  await page.getByRole('button', { name: /^Server away\s+Recovered/ }).waitFor({ timeout: MINUTE_MS });
  await shoot('Break everything', 'A minute of faults: each request and message is counted.');
  await page.locator('.verdict.held').waitFor({ timeout: 2 * MINUTE_MS });
  await shoot('Break everything', 'It held: no sign-out, no lost message.', LAST_MS);
  await context.close();
  await sheet.close();
  return frames;
};

/** `--frames FOLDER` also writes each frame, to look at. */
const { values } = parseArgs({ options: { frames: { type: 'string' } } });

await withDemoApp(async (browser, url) => {
  const frames = await play(browser, url);
  for (const [index, { png }] of frames.entries())
    if (values.frames) await writeFile(`${values.frames}/${index + 1}.png`, png);
  const picture = animatedPng(frames);
  if (picture.length > MAX_BYTES)
    throw new Error(`The picture has ${picture.length} bytes, more than ${MAX_BYTES}. Show fewer frames.`);
  await writeFile(PICTURE, picture);
  console.log(`${PICTURE}: ${frames.length} frames, ${picture.length} bytes`);
});
