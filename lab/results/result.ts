import { number, object, string, type Infer } from '../../src/protocol/schema/schema.ts';
import { array, oneOf, optional, record } from '../../src/protocol/schema/schema-types.ts';
import { CATEGORIES } from '../scenarios/scenario.ts';

/**
 * `disturbed`: kept, but the user saw a sign-in form or an error page in between. `skipped`: the site or browser lacks what
 * the scenario needs. `broken`: the lab itself failed, which says nothing about the site.
 */
export const VERDICTS = ['kept', 'disturbed', 'lost', 'skipped', 'broken'] as const;
const VERDICT = oneOf(...VERDICTS);
export type ScenarioVerdict = Infer<typeof VERDICT>;

export const LANES = ['lab', 'page', 'session', 'socket', 'worker', 'network'] as const;
const TIMELINE_ENTRY = object({
  /** ms since the start of the scenario. */
  at: number,
  lane: oneOf(...LANES),
  level: oneOf('info', 'good', 'bad'),
  text: string,
});
export type TimelineEntry = Infer<typeof TIMELINE_ENTRY>;

/** A request and its answer, without secrets. */
const BAD_REQUEST = object({
  method: string,
  url: string,
  outcome: string,
  faults: array(string),
  requestHeaders: record(string),
  responseHeaders: record(string),
  excerpt: string,
});
export type BadRequest = Infer<typeof BAD_REQUEST>;

const CAUSE = object({
  /** Stable, so that reports can be compared. */
  code: string,
  /** One sentence for a person. */
  text: string,
  /** How to prevent it, with any library or none. */
  prevent: string,
  docs: optional(string),
  request: optional(BAD_REQUEST),
});
export type LossCause = Infer<typeof CAUSE>;

const RESULT = object({
  id: string,
  title: string,
  category: oneOf(...CATEGORIES),
  why: string,
  verdict: VERDICT,
  /** What happened, for a person. */
  summary: string,
  seed: number,
  ms: number,
  /** From the healed world to a healthy site (ms). */
  backAfterMs: optional(number),
  cause: optional(CAUSE),
  timeline: array(TIMELINE_ENTRY),
  /** What was simulated in place of the real thing. */
  declared: array(string),
  /** PNG files in Base64. */
  before: optional(string),
  after: optional(string),
});
export type ScenarioResult = Infer<typeof RESULT>;

const REPORT = object({
  type: oneOf('session-keeper-lab'),
  version: oneOf(1),
  url: string,
  /** ISO 8601. */
  startedAt: string,
  ms: number,
  seed: number,
  engine: string,
  results: array(RESULT),
});
export type LabReport = Infer<typeof REPORT>;

/** Reads a JSON report. `undefined` when it does not fit. */
export const readLabReport = (value: unknown): LabReport | undefined => REPORT.read(value);

export type VerdictCounts = {
  kept: number;
  run: number;
  lost: number;
  disturbed: number;
  skipped: number;
  broken: number;
};

/** A scenario that the lab could not run says nothing about the site, so it does not count as run. */
export const countResults = (results: readonly ScenarioResult[]): VerdictCounts => {
  const count = (verdict: ScenarioVerdict): number => results.filter((result) => result.verdict === verdict).length;
  const [kept, disturbed, lost] = [count('kept'), count('disturbed'), count('lost')];
  return { kept, disturbed, lost, skipped: count('skipped'), broken: count('broken'), run: kept + disturbed + lost };
};
