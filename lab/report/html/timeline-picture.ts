import { LANES, type ScenarioResult, type TimelineEntry } from '../../results/result.ts';
import { markup, type Markup } from './markup.ts';

const WIDTH = 900;
const LABELS = 80;
const LANE_HEIGHT = 26;
const TOP = 24;
const RADIUS = 5;
const TICKS = 6;

const NAMES: Readonly<Record<TimelineEntry['lane'], string>> = {
  lab: 'lab',
  page: 'page',
  session: 'session',
  socket: 'socket',
  worker: 'worker',
  network: 'requests',
};

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** The lanes of a run as a picture. The list below it has the same in words. */
export const timelinePicture = ({ timeline, ms, title }: ScenarioResult): Markup => {
  const used = LANES.filter((lane) => timeline.some((entry) => entry.lane === lane));
  const x = (at: number): number => LABELS + (Math.min(at, ms) / Math.max(1, ms)) * (WIDTH - LABELS - RADIUS * 2);
  const y = (lane: TimelineEntry['lane']): number => TOP + used.indexOf(lane) * LANE_HEIGHT + LANE_HEIGHT / 2;
  const height = TOP + used.length * LANE_HEIGHT;
  const ticks = Array.from({ length: TICKS }, (_, index) => (ms * index) / (TICKS - 1));
  return markup`<svg class="timeline" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Timeline of ${title}">
${ticks.map((at) => markup`<line x1="${x(at)}" x2="${x(at)}" y1="${TOP - 4}" y2="${height}"/><text x="${x(at)}" y="14" text-anchor="middle">${seconds(at)}</text>`)}
${used.map((lane) => markup`<text x="0" y="${y(lane) + 4}">${NAMES[lane]}</text><line x1="${LABELS}" x2="${WIDTH}" y1="${y(lane)}" y2="${y(lane)}"/>`)}
${timeline.map((entry) => markup`<circle class="${entry.level}" cx="${x(entry.at)}" cy="${y(entry.lane)}" r="${RADIUS}"><title>${seconds(entry.at)} ${entry.text}</title></circle>`)}
</svg>`;
};

export const timelineList = ({ timeline }: ScenarioResult): Markup =>
  markup`<ol class="events" tabindex="0" aria-label="Events">${timeline.map(
    ({ at, lane, level, text }) =>
      markup`<li class="${level}"><time>${seconds(at)}</time><span class="soft">${NAMES[lane]}</span> ${text}</li>`,
  )}</ol>`;
