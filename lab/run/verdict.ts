import { findCause } from '../diagnosis/cause.ts';
import type { Loss } from '../diagnosis/facts.ts';
import type { LossCause, ScenarioVerdict } from '../results/result.ts';
import type { NetworkRecord } from '../proxy/http/network-log.ts';
import type { LabScenario } from '../scenarios/scenario.ts';
import type { Settled, Trouble } from './settle.ts';
import { isSeenBySite, NotOffered, type Stage } from './stage.ts';
import type { ShownSpan } from './watch.ts';

export type Judgement = { verdict: ScenarioVerdict; summary: string; cause?: LossCause | undefined };

/** A frame between two documents shows nothing for a moment. */
const GLIMPSE_MS = 600;

/** From here on (ms), one decimal of a second would be 10.0. */
const WHOLE_SECONDS_MS = 9_950;

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** A duration (ms) as people say it: `4.2 s`, `5 min 02 s`, `8 h 00 min`. */
export const inWords = (ms: number): string => {
  if (ms < WHOLE_SECONDS_MS) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${twoDigits(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
};

const typeOfLoss = (troubles: readonly Trouble[]): Loss['type'] => {
  if (
    troubles.some(({ type }) =>
      ['signed-out', 'other-user', 'no-proof', 'blank', 'not-shown', 'not-asked'].includes(type),
    )
  )
    return 'session';
  return troubles.some(({ type }) => type === 'no-socket') ? 'connection' : 'messages';
};

/** One sentence for what is wrong. */
const describeTrouble = (trouble: Trouble, { backWithinMs }: LabScenario): string => {
  switch (trouble.type) {
    case 'signed-out':
      return 'Signed out';
    case 'other-user':
      return `Signed in as another user (${trouble.user ?? 'unknown'})`;
    case 'no-proof':
      return `The page shows a user, but the backend did not confirm it within ${inWords(backWithinMs)}`;
    case 'blank':
      return 'The page stayed empty, or shows an error of the browser';
    case 'not-shown':
      return 'The backend confirms the user, and the page shows neither the user nor a sign-in';
    case 'no-socket':
      return `Not connected again within ${inWords(backWithinMs)} (${trouble.missing.map((url) => new URL(url).pathname).join(', ')})`;
    case 'messages':
      return `${trouble.lost.length} messages were lost and ${trouble.repeated.length} came twice`;
    case 'not-asked':
      return 'The session was over, and the site did not offer to sign in';
  }
};

const disturbance = (
  spans: readonly ShownSpan[],
  stepsBeganAt: number,
  { mayAsk, expect, category }: LabScenario,
): string | undefined => {
  if (mayAsk || expect === 'asked') return undefined;
  const seen = spans.filter(({ from, to }) => to >= stepsBeganAt && to - from >= GLIMPSE_MS);
  const asked = seen.find(({ shown }) => shown === 'sign-in');
  if (asked) return `the page asked to sign in for ${inWords(asked.to - asked.from)} in between`;
  const blank = category === 'offline' ? seen.find(({ shown }) => shown === 'error') : undefined;
  return blank && `the page was empty or an error page for ${inWords(blank.to - blank.from)} in between`;
};

/** Playwright colours its messages (ECMA-48 SGR). */
const COLOURS = new RegExp(`${String.fromCodePoint(27)}\\[[\\d;]*m`, 'g');

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll(COLOURS, '').split('\n').slice(0, 3).join(' ');

/** A run that did not come to its end. */
export const judgeFailure = (error: unknown): Judgement =>
  error instanceof NotOffered
    ? { verdict: 'skipped', summary: `Not run: ${error.message}.` }
    : { verdict: 'broken', summary: `The lab failed: ${messageOf(error)}` };

export type Course = {
  scenario: LabScenario;
  stage: Stage;
  settled: Settled;
  spans: readonly ShownSpan[];
  stepsBeganAt: number;
  reloads: readonly number[];
};

/** A socket that opened before the steps may have ended, or become silent, because of them. */
const concerns = (record: NetworkRecord, stepsBeganAt: number): boolean => {
  if (record.type === 'exchange' || record.at >= stepsBeganAt) return record.at >= stepsBeganAt;
  return (record.silentSince ?? record.end?.at ?? 0) >= stepsBeganAt;
};

const refusedBehindPage = (troubles: readonly Trouble[]): number | undefined => {
  for (const trouble of troubles) {
    if (trouble.type !== 'signed-out') continue;
    const { shown, proof } = trouble.evidence;
    if (shown === 'signed-in' && proof.state === 'refused') return proof.status;
  }
  return undefined;
};

const lossOf = ({ scenario, stage, settled, spans, stepsBeganAt, reloads }: Course): Loss => {
  const records = stage.network.log.since(stage.startedAt);
  const firstAsked = spans.find(({ shown, from }) => shown === 'sign-in' && from >= stepsBeganAt)?.from;
  return {
    type: typeOfLoss(settled.troubles),
    records: records.filter((record) => concerns(record, stepsBeganAt) && isSeenBySite(record, stage)),
    signedOutAt: firstAsked,
    reloads,
    prevent: scenario.prevent,
    docs: scenario.docs,
    hasShiftedClock: scenario.steps.some(({ type }) => type === 'idle' || type === 'sleep' || type === 'skew-clock'),
    refusedBehindPage: refusedBehindPage(settled.troubles),
    hasOtherTabs: stage.tabs.length > 0,
    isPageBroken: settled.troubles.some(({ type }) => type === 'not-shown'),
    isNotAsked: settled.troubles.some(({ type }) => type === 'not-asked'),
    hasUsedBearer: records.some(
      (record) =>
        record.type === 'exchange' &&
        !record.isOfLab &&
        record.at < stepsBeganAt &&
        'authorization' in record.requestHeaders,
    ),
  };
};

/** What the user experienced, in words. */
export const judge = (course: Course): Judgement => {
  const { scenario, settled, spans, stepsBeganAt, stage } = course;
  const [first] = settled.troubles;
  if (first) {
    const cause = findCause(lossOf(course));
    const shownAt = spans.find(({ shown, from }) => shown === 'sign-in' && from >= stepsBeganAt);
    const when =
      first.type === 'signed-out' && shownAt
        ? ` ${inWords(shownAt.from - stepsBeganAt + stage.clockOffsetMs)} after the start`
        : '';
    const where = first.type === 'signed-out' && shownAt ? `; ${new URL(shownAt.url).pathname} was open` : '';
    return { verdict: 'lost', summary: `${describeTrouble(first, scenario)}${when}${where}. ${cause.text}`, cause };
  }
  const disturbed = disturbance(spans, stepsBeganAt, scenario);
  const back = inWords(settled.afterMs);
  if (disturbed !== undefined) {
    const cause = findCause({ ...lossOf(course), type: 'session' });
    return { verdict: 'disturbed', summary: `Kept, but ${disturbed}.`, cause };
  }
  return scenario.expect === 'asked'
    ? { verdict: 'kept', summary: `The session was over, and the site offered to sign in after ${back}.` }
    : { verdict: 'kept', summary: `Signed in and connected ${back} after the world was in order again.` };
};
