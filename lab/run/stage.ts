import type { Page } from 'playwright-core';
import type { LabBrowser } from '../browser/lab-browser.ts';
import type { FaultId } from '../proxy/http/faults.ts';
import type { Exchange, NetworkRecord } from '../proxy/http/network-log.ts';
import type { Network } from '../proxy/network.ts';
import type { TimelineEntry } from '../results/result.ts';
import { judgeProof, look, prove, type Evidence, type Proof, type Shown } from '../site/evidence.ts';
import type { SignInModule } from '../site/sign-in-module.ts';

/** How the lab learns who the backend says is signed in. `observed`: from the site's own requests. */
export type ProofMode = 'asked' | 'observed' | 'none';

/** What was true after the sign-in. All later checks compare with it. */
export type Baseline = {
  readonly user: string | undefined;
  readonly proofMode: ProofMode;
  /** Addresses of the open sockets, without their queries. */
  readonly sockets: readonly string[];
  readonly hasWorker: boolean;
};

/** The site does not have what a step needs, which shows only in the middle of a run. The message says what. */
export class NotOffered extends Error {}

/** Everything that one run of a scenario works with. */
export type Stage = {
  readonly url: string;
  readonly network: Network;
  readonly browser: LabBrowser;
  readonly site: SignInModule;
  readonly realTime: boolean;
  readonly startedAt: number;
  /** Adds an entry to the timeline. */
  note(lane: TimelineEntry['lane'], text: string, level?: TimelineEntry['level']): void;
  /** Says in the report what was simulated. */
  declare(text: string): void;
  baseline: Baseline;
  /** Tabs beside the first one. */
  tabs: Page[];
  clockOffsetMs: number;
  /** Faults that end when the world is set right. */
  faults: Set<FaultId>;
  /** Whether the watcher may look at the page now. */
  isWatched: boolean;
  published: number;
};

export const addressOf = (url: string): string => {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
};

export const exchangesSince = ({ network }: Pick<Stage, 'network'>, at: number): Exchange[] =>
  network.log.since(at).flatMap((record) => (record.type === 'exchange' ? [record] : []));

/** Addresses of the sockets that are open and carry frames. */
export const liveSockets = ({ network }: Pick<Stage, 'network'>): string[] =>
  network
    .sockets()
    .filter(({ record }) => record.silentSince === undefined && record.end === undefined)
    .map(({ record }) => addressOf(record.url));

const NOT_MODIFIED = 304;
/** Only what the site asked by itself, and was answered with a body. */
const isObserved = ({ isOfLab, outcome }: Exchange): boolean =>
  !isOfLab && outcome.state !== 'pending' && !(outcome.state === 'answered' && outcome.status === NOT_MODIFIED);

/** The newest answer of the proof path to the site's own requests. */
const observedProof = (stage: Stage, since: number): Proof => {
  const { proof, userField } = stage.site;
  if (proof === undefined) return { state: 'none' };
  const last = exchangesSince(stage, since).findLast(
    (exchange) => isObserved(exchange) && new URL(exchange.url).pathname === proof.split('?')[0],
  );
  if (!last) return { state: 'none' };
  if (last.outcome.state !== 'answered') return { state: 'unreachable', why: 'its answer did not arrive' };
  const { 'content-type': type = '' } = last.responseHeaders;
  return judgeProof(last.outcome.status, type, last.excerpt, userField);
};

/** A path that proved nothing after the sign-in proves nothing later. */
export const proofOf = async (stage: Stage, page: Page, since: number): Promise<Proof> => {
  const { proofMode } = stage.baseline;
  if (proofMode === 'asked') return prove(page, stage.site);
  return proofMode === 'observed' ? observedProof(stage, since) : { state: 'none' };
};

export const examinePage = async (stage: Stage, page: Page, since: number): Promise<Evidence> => {
  const shown: Shown = await look(page, stage.site);
  return { shown, proof: await proofOf(stage, page, since), url: page.url() };
};

/** Whether the site's own code could see the answer: the lab's requests reach only a worker. */
export const isSeenBySite = (record: NetworkRecord, { baseline }: Stage): boolean =>
  record.type === 'socket' || !record.isOfLab || baseline.hasWorker;

/** The traffic of the run. The lab asks for its proof several times a second, and that would hide what the site does. */
export const trafficOf = (stage: Stage): NetworkRecord[] =>
  stage.network.log.since(stage.startedAt).filter((record) => isSeenBySite(record, stage));

/** Says so when only the lab's own requests met the faults since `at`: then a site that was kept has proven little. */
export const declareUntouched = (stage: Stage, at: number): void => {
  const met = exchangesSince(stage, at).filter(({ faults }) => faults.length > 0);
  if (met.length === 0 || met.some((exchange) => isSeenBySite(exchange, stage))) return;
  stage.declare(
    'The fault met only requests of the lab, because the site sent none. A function act in the sign-in module makes it send some.',
  );
};

/** A registration counts: a page may have no controller for a moment. */
const HAS_WORKER = `(async () => Boolean(await navigator.serviceWorker?.getRegistration()))()`;
const LOOKS = 3;

/** A site may still load its next page after the sign-in. That ends a look without an answer. */
const hasWorker = async (page: Page): Promise<boolean> => {
  for (let look = 1; look <= LOOKS; look += 1) {
    const found = await page.evaluate<boolean>(HAS_WORKER).catch(() => undefined);
    if (found !== undefined) return found;
    await page.waitForLoadState('load').catch(() => undefined);
  }
  return false;
};

/** Whether a path answers a signed-out user as it answers a signed-in one. */
const provesNothing = (early: Proof, asked: Proof): boolean =>
  early.state === 'proven' && asked.state === 'proven' && early.user === asked.user;

const modeOf = (stage: Stage, early: Proof, asked: Proof, observed: Proof): ProofMode => {
  if (provesNothing(early, asked)) {
    stage.declare('The proof path answered before the sign-in too, so only the page said who is signed in.');
    return 'none';
  }
  return asked.state === 'proven' ? 'asked' : observed.state === 'proven' ? 'observed' : 'none';
};

/** Learns what is true after the sign-in. `early`: what the proof path answered before it. */
export const learnBaseline = async (stage: Stage, early: Proof): Promise<Baseline> => {
  const page = stage.browser.page();
  const asked = await prove(page, stage.site);
  const observed = observedProof(stage, stage.startedAt);
  const proofMode = modeOf(stage, early, asked, observed);
  const proof: Proof = { asked, observed, none: { state: 'none' } as const }[proofMode];
  return {
    proofMode,
    user: proof.state === 'proven' ? proof.user : undefined,
    sockets: [...new Set(liveSockets(stage))],
    hasWorker: await hasWorker(page),
  };
};
