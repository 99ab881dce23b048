import { elapse } from '../base/elapse.ts';
import type { LabScenario } from '../scenarios/scenario.ts';
import type { Evidence } from '../site/evidence.ts';
import { addressOf, examinePage, exchangesSince, liveSockets, type Stage } from './stage.ts';

/** What is still wrong with the site, once the world is right. */
export type Trouble =
  | { type: 'signed-out'; evidence: Evidence }
  | { type: 'other-user'; user: string | undefined }
  | { type: 'no-proof'; evidence: Evidence }
  | { type: 'blank'; evidence: Evidence }
  /** The backend confirms the user, and the page shows neither the user nor a sign-in. */
  | { type: 'not-shown'; evidence: Evidence }
  | { type: 'no-socket'; missing: readonly string[] }
  | { type: 'messages'; lost: readonly number[]; repeated: readonly number[] }
  | { type: 'not-asked'; evidence: Evidence };

export type Settled = { troubles: readonly Trouble[]; afterMs: number; evidence: Evidence };

const LOOK_EVERY_MS = 200;
const OK = 200;
/** A sign-in form that stays for so long does not go away by itself. */
const FINAL_AFTER_MS = 8_000;

/** What is wrong with the session, by the page and the backend. */
export const sessionTrouble = (stage: Stage, evidence: Evidence): Trouble | undefined => {
  const { proof, shown } = evidence;
  if (shown === 'sign-in') return { type: 'signed-out', evidence };
  if (shown === 'error') return { type: 'blank', evidence };
  if (proof.state === 'refused') return { type: 'signed-out', evidence };
  if (shown === 'other') return { type: proof.state === 'proven' ? 'not-shown' : 'signed-out', evidence };
  if (proof.state === 'proven' && proof.user !== stage.baseline.user) return { type: 'other-user', user: proof.user };
  if (proof.state === 'unreachable' || proof.state === 'wrong-answer') return { type: 'no-proof', evidence };
  return undefined;
};

/** Where the site has got answers by HTTP since `at`, as addresses of sockets. A poll that waits for news counts too. */
const polledSince = (stage: Stage, at: number): Set<string> => {
  const polls = exchangesSince(stage, at).filter(
    ({ isOfLab, outcome }) =>
      !isOfLab && (outcome.state === 'pending' || (outcome.state === 'answered' && outcome.status === OK)),
  );
  return new Set(polls.map(({ url }) => addressOf(url).replace(/^http/, 'ws')));
};

/** Which connections have not come back. Some libraries go on by long polling where a WebSocket was refused. */
export const socketTrouble = (stage: Stage, since: number): Trouble | undefined => {
  const live = new Set(liveSockets(stage));
  const closed = stage.baseline.sockets.filter((address) => !live.has(address));
  if (closed.length === 0) return undefined;
  const polled = polledSince(stage, since);
  const missing = closed.filter((address) => !polled.has(address));
  if (missing.length < closed.length)
    stage.declare('A connection came back by long polling in place of its WebSocket.');
  return missing.length === 0 ? undefined : { type: 'no-socket', missing };
};

const messageTrouble = async (stage: Stage): Promise<Trouble | undefined> => {
  const { received } = stage.site.hooks ?? {};
  if (stage.published === 0 || !received) return undefined;
  const numbers = await received(stage.browser.page()).catch((): readonly number[] => []);
  const seen = new Set(numbers);
  const lost = Array.from({ length: stage.published }, (_, index) => index + 1).filter((number) => !seen.has(number));
  const repeated = numbers.filter((number, index) => numbers.indexOf(number) !== index);
  return lost.length + repeated.length === 0 ? undefined : { type: 'messages', lost, repeated };
};

/** The troubles of a session that must be kept. */
const troublesOf = async (stage: Stage, since: number): Promise<{ troubles: Trouble[]; evidence: Evidence }> => {
  const evidence = await examinePage(stage, stage.browser.page(), since);
  const others: Trouble[] = [];
  for (const tab of stage.tabs) {
    const trouble = sessionTrouble(stage, await examinePage(stage, tab, since));
    if (trouble) others.push(trouble);
  }
  const all = [sessionTrouble(stage, evidence), ...others, socketTrouble(stage, since), await messageTrouble(stage)];
  return { evidence, troubles: all.filter((trouble) => trouble !== undefined) };
};

/** Waits until the site is healthy, or until its time is over. */
const settleKept = async (stage: Stage, { backWithinMs }: LabScenario): Promise<Settled> => {
  const since = Date.now();
  let askedSince: number | undefined;
  for (;;) {
    const { troubles, evidence } = await troublesOf(stage, since);
    const now = Date.now();
    if (troubles.length === 0) return { troubles, evidence, afterMs: now - since };
    const isAsking = evidence.shown === 'sign-in';
    askedSince = isAsking ? (askedSince ?? now) : undefined;
    const isFinal = askedSince !== undefined && now - askedSince > FINAL_AFTER_MS;
    if (isFinal || now - since > backWithinMs) return { troubles, evidence, afterMs: now - since };
    await elapse(LOOK_EVERY_MS);
  }
};

/** Waits until the site says that the session is over, by an offer to sign in. */
const settleAsked = async (stage: Stage, { backWithinMs }: LabScenario): Promise<Settled> => {
  const since = Date.now();
  for (;;) {
    const evidence = await examinePage(stage, stage.browser.page(), since);
    const afterMs = Date.now() - since;
    if (evidence.shown === 'sign-in') return { troubles: [], evidence, afterMs };
    if (afterMs > backWithinMs) return { troubles: [{ type: 'not-asked', evidence }], evidence, afterMs };
    await elapse(LOOK_EVERY_MS);
  }
};

export const awaitHealth = (stage: Stage, scenario: LabScenario): Promise<Settled> =>
  scenario.expect === 'kept' ? settleKept(stage, scenario) : settleAsked(stage, scenario);
