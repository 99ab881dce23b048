import { CATEGORIES } from '../../scenarios/scenario.ts';
import {
  countResults,
  type BadRequest,
  type LossCause,
  type LabReport,
  type ScenarioResult,
} from '../../results/result.ts';
import type { Comparison } from '../compare.ts';
import { markup, trusted, type Markup } from './markup.ts';
import { STYLE } from './style.ts';
import { timelineList, timelinePicture } from './timeline-picture.ts';

const SIGN: Readonly<Record<ScenarioResult['verdict'], string>> = {
  kept: '✓',
  disturbed: '!',
  lost: '✗',
  skipped: '–',
  broken: '?',
};
const MINUTE_MS = 60_000;
const VERDICT_ORDER = ['lost', 'disturbed', 'broken', 'kept', 'skipped'];

const headers = (all: Readonly<Record<string, string>>): string =>
  Object.entries(all)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');

const requestMarkup = ({
  method,
  url,
  outcome,
  faults,
  requestHeaders,
  responseHeaders,
  excerpt,
}: BadRequest): Markup =>
  markup`<h3>The first bad event</h3>
<pre tabindex="0">${method} ${url}
${headers(requestHeaders)}

→ ${outcome}${faults.length > 0 ? ` (fault of the lab: ${faults.join(', ')})` : ''}
${headers(responseHeaders)}

${excerpt}</pre>`;

const causeMarkup = ({ text, prevent, docs, request }: LossCause): Markup =>
  markup`<div class="cause"><h3>Likely cause</h3><p>${text}</p><h3>How to prevent it</h3><p>${prevent}</p>${
    docs === undefined
      ? undefined
      : markup`<p class="soft">More about this in <code>${docs}</code> of Session Keeper.</p>`
  }</div>${request ? requestMarkup(request) : undefined}`;

const picture = (data: string | undefined, caption: string): Markup =>
  data === undefined
    ? markup``
    : markup`<figure><img alt="The page ${caption}" src="data:image/png;base64,${data}"><figcaption>${caption}</figcaption></figure>`;

const resultMarkup = (result: ScenarioResult): Markup => {
  const { id, title, verdict, summary, why, cause, before, after, declared, ms } = result;
  const isOpen = verdict === 'lost' || verdict === 'disturbed';
  return markup`<details class="${verdict}" id="${id}" ${trusted(isOpen ? 'open' : '')}>
<summary><span class="verdict">${SIGN[verdict]} ${verdict}</span> <strong>${title}</strong><br>${summary}</summary>
<div><p class="soft">${why} (${(ms / 1000).toFixed(1)} s, scenario <code>${id}</code>)</p>
${cause && verdict !== 'kept' ? causeMarkup(cause) : undefined}
${before === undefined && after === undefined ? undefined : markup`<h3>Before and after</h3><div class="pictures">${picture(before, 'before')}${picture(after, 'afterwards')}</div>`}
${result.timeline.length === 0 ? undefined : markup`<h3>Timeline</h3>${timelinePicture(result)}${timelineList(result)}`}
${declared.length === 0 ? undefined : markup`<h3>What was simulated</h3><ul>${declared.map((text) => markup`<li>${text}</li>`)}</ul>`}
</div></details>`;
};

const scoreMarkup = (results: readonly ScenarioResult[]): Markup =>
  markup`<ul class="scores">${CATEGORIES.map((category) => {
    const { kept, run } = countResults(results.filter((result) => result.category === category));
    return run === 0
      ? markup``
      : markup`<li><span class="soft">${category}</span><br><strong>${kept}</strong> of ${run}<meter min="0" max="${run}" low="${run * 0.8}" high="${run - 0.5}" optimum="${run}" value="${kept}" aria-label="${category}: ${kept} of ${run}"></meter></li>`;
  })}</ul>`;

const matrixMarkup = (results: readonly ScenarioResult[]): Markup =>
  markup`<nav aria-label="All scenarios"><ul class="matrix">${results.map(
    ({ id, title, verdict }) =>
      markup`<li class="${verdict}"><a href="#${id}" title="${title}: ${verdict}" aria-label="${title}: ${verdict}">${SIGN[verdict]}</a></li>`,
  )}</ul></nav>`;

const comparisonMarkup = ({ better, worse, other }: Comparison): Markup =>
  markup`<h2>Since the last report</h2><ul>${[...worse, ...better, ...other].map(
    ({ title, before, after }) => markup`<li>${title}: ${before} → ${after}</li>`,
  )}</ul>${better.length + worse.length + other.length === 0 ? markup`<p>Nothing changed.</p>` : undefined}`;

/** One self-contained HTML file. `comparison` adds what changed since an older report. */
export const htmlReport = (report: LabReport, comparison?: Comparison): string => {
  const { url, startedAt, ms, seed, engine, results } = report;
  const { kept, run, skipped, broken } = countResults(results);
  const sorted = results.toSorted((a, b) => VERDICT_ORDER.indexOf(a.verdict) - VERDICT_ORDER.indexOf(b.verdict));
  const rest = [skipped > 0 ? `${skipped} not run` : '', broken > 0 ? `${broken} where the lab failed` : ''].filter(
    Boolean,
  );
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>Kept ${kept} of ${run}: ${url}</title><style>${trusted(STYLE)}</style></head>
<body><header><p class="soft">Resilience lab of Session Keeper</p><h1>Kept ${kept} of ${run}</h1>
<p>How long until the users of <a href="${url}">${url}</a> are logged out?</p>
<p class="soft">${startedAt.slice(0, 16).replace('T', ' ')} UTC, ${engine}, ${Math.max(1, Math.round(ms / MINUTE_MS))} min, seed ${seed}${rest.length > 0 ? `; ${rest.join(', ')}` : ''}</p></header>
<main>${scoreMarkup(results)}${matrixMarkup(results)}${comparison ? comparisonMarkup(comparison) : undefined}
<h2>Scenarios</h2><fieldset><legend class="soft">Show</legend><label><input type="radio" name="show" checked> all</label><label><input type="radio" name="show" id="only-bad"> what was not kept</label></fieldset>
${sorted.map(resultMarkup)}</main>
<footer class="soft"><p>Run one scenario again: <code>npx session-keeper lab ${url} --scenario NAME --seed ${seed}</code></p></footer>
</body></html>
`.html;
};
