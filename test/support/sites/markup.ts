import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import {
  arrivalsIn,
  MARKUP_KINDS,
  type MarkupArrival,
  type MarkupArrivals,
  type MarkupKind,
  type TableEngine,
} from '../../../scripts/docs/markup-rows.ts';
import { SEEN_DIR, TABLE_FILE } from '../../../scripts/docs/requests-rows.ts';
import type { EmbeddingSite } from './embedding-site.ts';
import type { Evaluates } from '../page/keeper-page.ts';

/** The markup of each kind. An element with `data-click` is clicked. */
const MARKUP: Readonly<Record<MarkupKind, (path: string) => string>> = {
  '`<a ping>`, clicked': (path) => `<a href="#pinged" ping="${path}" data-click>link</a>`,
  '`<link rel="prefetch">`': (path) => `<link rel="prefetch" href="${path}">`,
  '`<link rel="prefetch" as="fetch">`': (path) => `<link rel="prefetch" as="fetch" href="${path}">`,
  '`<link rel="prefetch" crossorigin>`': (path) => `<link rel="prefetch" crossorigin href="${path}">`,
  '`<link rel="preload" as="fetch">`': (path) => `<link rel="preload" as="fetch" href="${path}">`,
  '`<link rel="preload" as="fetch" crossorigin>`': (path) =>
    `<link rel="preload" as="fetch" crossorigin href="${path}">`,
  '`<link rel="preload" as="image">`': (path) => `<link rel="preload" as="image" href="${path}">`,
  '`<link rel="modulepreload">`': (path) => `<link rel="modulepreload" href="${path}">`,
  '`<link rel="stylesheet">`': (path) => `<link rel="stylesheet" href="${path}">`,
  '`<link rel="icon">`': (path) => `<link rel="icon" href="${path}">`,
  '`<link rel="manifest">`': (path) => `<link rel="manifest" href="${path}">`,
  '`<link rel="compression-dictionary">`': (path) => `<link rel="compression-dictionary" href="${path}">`,
  '`<script type="speculationrules">`, prefetch': (path) =>
    `<script type="speculationrules">{"prefetch":[{"source":"list","urls":["${path}"],"eagerness":"immediate"}]}</script>`,
  '`<script type="module">`': (path) => `<script type="module" src="${path}"></script>`,
  '`import` of a module script': (path) => `<script type="module">import '${path}'</script>`,
  '`import` of JSON in a module script': (path) =>
    `<script type="module">import it from '${path}' with { type: 'json' }; it;</script>`,
  '`<input type="image">`': (path) => `<input type="image" alt="" src="${path}">`,
  '`<img srcset>`': (path) => `<img alt="" srcset="${path} 1x">`,
  '`<img attributionsrc>`': (path) => `<img alt="" src="data:," attributionsrc="${path}">`,
  '`<video poster>`': (path) => `<video poster="${path}"></video>`,
  '`<source>` of a sound': (path) => `<audio preload="auto"><source src="${path}"></audio>`,
  '`<iframe>`': (path) => `<iframe src="${path}"></iframe>`,
  '`<object>`': (path) => `<object data="${path}"></object>`,
  '`<embed>`': (path) => `<embed src="${path}">`,
  '`<image>` of SVG': (path) => `<svg><image href="${path}" width="9" height="9"/></svg>`,
  '`<use>` of SVG': (path) => `<svg><use href="${path}#part"/></svg>`,
  '`<feImage>` of SVG': (path) =>
    `<svg><filter id="fe"><feImage href="${path}"/></filter><rect width="9" height="9" filter="url(#fe)"/></svg>`,
  '`@import` of CSS': (path) => `<style>@import "${path}";</style>`,
  'a font of CSS': (path) =>
    `<style>@font-face { font-family: markup; src: url("${path}"); }</style><p style="font-family: markup">text</p>`,
  'a list mark of CSS': (path) => `<ul style="list-style-image: url('${path}')"><li>item</li></ul>`,
  'a mask of CSS': (path) => `<p style="mask-image: url('${path}')">text</p>`,
  'a shape of CSS': (path) => `<p style="float: left; shape-outside: url('${path}')">text</p>`,
  'a filter of CSS': (path) => `<p style="filter: url('${path}#part')">text</p>`,
  '`fetch` of script': (path) => `<script>void fetch('${path}')</script>`,
  '`fetch` with `keepalive` of script': (path) =>
    `<script>void fetch('${path}', { method: 'POST', body: 'text', keepalive: true })</script>`,
  '`EventSource` of script': (path) =>
    `<script>new EventSource('${path}').onerror = ({ target }) => target.close()</script>`,
  '`navigator.sendBeacon` of script': (path) => `<script>navigator.sendBeacon('${path}', 'left')</script>`,
};

/** A page that connects itself: the driver of WebKit cannot import a module. */
export const MARKUP_PAGE = `<!doctype html><title>markup</title><link rel="icon" href="data:,">
<script type="module">
  import { connect } from '/keeper.js';
  window.keeper = await connect({ worker: '/sw.js' });
</script><body>`;

const pathOf = (kind: MarkupKind): string => `/api/markup/${MARKUP_KINDS.indexOf(kind)}`;

/** Runs in the page. Scripts that are parsed do not run, so each is created again. */
const add = (html: string): void => {
  const place = document.body.appendChild(document.createElement('div'));
  place.innerHTML = html;
  for (const parsed of place.querySelectorAll('script')) {
    const script = document.createElement('script');
    for (const { name, value } of parsed.attributes) script.setAttribute(name, value);
    script.textContent = parsed.textContent;
    parsed.replaceWith(script);
  }
  place.querySelector<HTMLElement>('[data-click]')?.click();
};

/** An engine that is slow to send a request sends it within this time (ms). Only the run that writes the table waits so. */
const WRITING_MS = 20_000;

const arrivalsAt = ({ received }: Pick<EmbeddingSite, 'received'>): MarkupArrivals =>
  Object.fromEntries(
    MARKUP_KINDS.map((kind): [string, MarkupArrival] => {
      const requests = received.filter(({ path }) => path === pathOf(kind));
      if (requests.length === 0) return [kind, 'nothing'];
      return [kind, requests.some(({ authorization }) => authorization !== undefined) ? 'token' : 'none'];
    }),
  );

/**
 * Adds each kind of markup to a page that is signed in, and compares what reaches the server with the table of
 * docs/reference/requests.md. With `REQUESTS_TABLE=write` it notes what it saw for that table instead.
 */
export const checkMarkup = async (page: Evaluates, site: EmbeddingSite, engine: TableEngine): Promise<void> => {
  site.received.length = 0;
  for (const kind of MARKUP_KINDS) await page.evaluate(add, MARKUP[kind](pathOf(kind)));
  if (process.env['REQUESTS_TABLE'] === 'write') {
    await new Promise((resolve) => setTimeout(resolve, WRITING_MS));
    await mkdir(SEEN_DIR, { recursive: true });
    await writeFile(join(SEEN_DIR, `${engine}.json`), JSON.stringify(arrivalsAt(site)));
    return;
  }
  const expected = arrivalsIn(await readFile(TABLE_FILE, 'utf8'), engine);
  await expect.poll(() => arrivalsAt(site), { timeout: 60_000 }).toEqual(expected);
};
