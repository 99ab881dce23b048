import { html, nothing, type TemplateResult } from 'lit';
import { appStrings } from '../strings/app-strings.ts';
import { entryText, rawEntry } from '../timeline/entry-text.ts';
import type { TimeRange } from '../timeline/filter.ts';
import { spotsOf, type Lane, type Spot, type Timeline } from '../timeline/model.ts';
import { momentText, periodText } from '../timeline/time-labels.ts';
import { countWithin } from './density.ts';

/** "Socket /api/socket". */
export const laneName = ({ kind, about }: Lane): string => [appStrings().lane[kind], about].filter(Boolean).join(' ');

/** "Session: The server confirmed the session." */
export const describeSpot = ({ entries }: Timeline, lane: Lane, { entry, type }: Spot): string => {
  const found = entries[entry];
  if (!found) return '';
  const isWorker = lane.kind === 'worker' && type === 'span';
  const text = isWorker ? appStrings().workerRan(found.worker.slice(0, 8)) : entryText(found)?.text;
  return `${laneName(lane)}: ${text ?? rawEntry(found)}`;
};

/** `at`: the moment that the pointer is at. `reach`: how far around it a column of the chart extends (ms). */
type Pointed = { timeline: Timeline; lane: Lane; spot: Spot; at: number; now: number; reach: number };

/** What is known about one event or state, and how many more are in its place. */
export const spotEvidence = ({ timeline, lane, spot, at, now, reach }: Pointed): TemplateResult => {
  const when = spot.type === 'mark' ? momentText(spot.at) : periodText(spot.at, spot.to, now);
  const entry = timeline.entries[spot.entry];
  // a worker's span begins with its first entry, which may be about anything and is no evidence of the worker
  const raw = lane.kind === 'worker' || !entry ? nothing : html` · <code>${rawEntry(entry)}</code>`;
  const more = countWithin(lane, at - reach, at + reach) - 1;
  return html`<p><strong>${describeSpot(timeline, lane, spot)}</strong></p>
    <p class="soft numbers">${when}${raw}</p>
    ${more > 1 ? html`<p class="soft small">${appStrings().andMore(more)}</p>` : nothing}`;
};

type RangeActs = { now: number; zoom(): void; clear(): void };

/** How many events began in a range, and how many of them are trouble. */
export const rangeEvidence = ({ lanes }: Timeline, { from, to }: TimeRange, acts: RangeActs): TemplateResult => {
  const t = appStrings();
  const spots = lanes.flatMap(spotsOf).filter(({ at }) => at >= from && at <= to);
  const troubles = spots.filter(({ tone }) => tone === 'warn' || tone === 'bad').length;
  return html`<p>${t.rangeHas(periodText(from, to, acts.now), t.events(spots.length), troubles)}</p>
    <div class="row"><button @click=${acts.zoom}>${t.zoomToRange}</button><button @click=${acts.clear}>${t.clearRange}</button></div>`;
};
