import type { Chance } from '../base/chance.ts';
import { isOwnHost, type EngineName, type LabBrowser } from '../browser/lab-browser.ts';
import { startLabChromium } from '../browser/lab-chromium.ts';
import { startLabFirefox } from '../browser/lab-firefox.ts';
import { createCertificate, type Certificate } from '../proxy/http/certificate.ts';
import { startNetwork, type Network } from '../proxy/network.ts';
import type { ScenarioResult, TimelineEntry } from '../results/result.ts';
import type { LabScenario, LabStep, Need } from '../scenarios/scenario.ts';
import { prove } from '../site/evidence.ts';
import type { SignInModule } from '../site/sign-in-module.ts';
import { elapse } from '../base/elapse.ts';
import { networkEntries } from './network-entries.ts';
import { declareUntouched, learnBaseline, liveSockets, trafficOf, type Stage } from './stage.ts';
import { describeStep, healWorld, performStep } from './steps.ts';
import { awaitHealth } from './settle.ts';
import { inWords, judge, judgeFailure, type Judgement } from './verdict.ts';
import { watchPage, type Watch } from './watch.ts';

/** The site under test, and how to run scenarios against it. */
export type ScenarioOptions = {
  url: string;
  site: SignInModule;
  engine: EngineName;
  executablePath: string;
  realTime: boolean;
  /** Whether the certificates of the site's servers are checked. */
  trust: 'checked' | 'any';
  headed: boolean;
  /** Hosts that the browser may reach; all by default. */
  allows?: ((host: string) => boolean) | undefined;
  onStep?: ((text: string) => void) | undefined;
};

const OPEN_WITHIN_MS = 20_000;
/** A site that opens a socket does it soon after the sign-in. A scenario that needs one is patient: the machine may be slow. */
const SOCKET_WITHIN_MS = 3_000;
const NEEDED_SOCKET_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;
const BLANK_BASELINE = { user: undefined, proofMode: 'none', sockets: [], hasWorker: false } as const;

let sharedCertificate: Promise<Certificate> | undefined;
/** One for the whole process: its key takes a while to make. */
const labCertificate = (): Promise<Certificate> => (sharedCertificate ??= createCertificate('lab.invalid'));

/** What the scenario needs and the site lacks, for a person. */
const LACKS: Readonly<Record<Need, string>> = {
  worker: 'the site has no service worker',
  socket: 'the site opened no WebSocket',
  messages: 'the sign-in module has no hooks publish and received',
  deploy: 'the sign-in module has no hook deploy',
  revoke: 'the sign-in module has no hook revoke',
  chromium: 'this browser cannot do it',
  'other-user': 'the sign-in module has no signInOther',
  proof: 'no proof path is known; name one with --proof',
  renewal: 'the site renews no token',
};

/** These need a debugger on workers, or on the browser as a whole. */
const CHROMIUM_STEPS = new Set<LabStep['type']>([
  'kill-worker-in-refresh',
  'skew-clock',
  'sleep',
  'hide',
  'freeze',
  'clear',
  'ignore-writes',
  'fail-writes',
]);
const needsChromium = (step: LabStep): boolean =>
  CHROMIUM_STEPS.has(step.type) || (step.type === 'reload' && step.isHard);

const lacking = ({ needs, steps }: LabScenario, { baseline, site, browser }: Stage): string | undefined => {
  if (browser.engine !== 'chromium' && steps.some(needsChromium)) return LACKS.chromium;
  const has: Readonly<Record<Need, boolean>> = {
    worker: baseline.hasWorker,
    socket: baseline.sockets.length > 0,
    messages: Boolean(site.hooks?.publish && site.hooks.received),
    deploy: Boolean(site.hooks?.deploy),
    revoke: Boolean(site.hooks?.revoke),
    chromium: browser.engine === 'chromium',
    'other-user': Boolean(site.signInOther),
    proof: site.proof !== undefined,
    renewal: site.renews !== false,
  };
  const missing = needs.find((need) => !has[need]);
  return missing && LACKS[missing];
};

type Opened = { network: Network; browser: LabBrowser };

const open = async (options: ScenarioOptions, chance: Chance): Promise<Opened> => {
  const certificate = await labCertificate();
  const { url, trust, engine, executablePath, headed } = options;
  const allows = (host: string): boolean => !isOwnHost(host, new URL(url).hostname) && (options.allows?.(host) ?? true);
  const network = await startNetwork({
    route: { type: 'socks' },
    protocol: 'http',
    chance,
    certificate,
    trust,
    allows,
  });
  try {
    const start = engine === 'firefox' ? startLabFirefox : startLabChromium;
    const browser = await start({ executablePath, proxy: network.address, spki: certificate.spki, headed });
    return { network, browser };
  } catch (error) {
    await network.stop();
    throw error;
  }
};

const signIn = async (stage: Stage, needs: readonly Need[]): Promise<void> => {
  const page = stage.browser.page();
  await page.goto(stage.url, { waitUntil: 'load', timeout: OPEN_WITHIN_MS });
  const early = await prove(page, stage.site);
  await stage.site.signIn(page);
  const until = Date.now() + (needs.includes('socket') ? NEEDED_SOCKET_WITHIN_MS : SOCKET_WITHIN_MS);
  while (liveSockets(stage).length === 0 && Date.now() < until) await elapse(LOOK_EVERY_MS);
  stage.baseline = await learnBaseline(stage, early);
  stage.note('session', `Signed in${stage.baseline.user === undefined ? '' : ` as ${stage.baseline.user}`}`, 'good');
};

const picture = async ({ browser }: Stage): Promise<string | undefined> => {
  const bytes = await browser
    .page()
    .screenshot({ timeout: 5_000 })
    .catch(() => undefined);
  return bytes?.toString('base64');
};

type Ending = Judgement & { before?: string | undefined; after?: string | undefined; backAfterMs?: number | undefined };

/** The part of a run after the sign-in. */
const play = async (scenario: LabScenario, stage: Stage, onStep: (text: string) => void): Promise<Ending> => {
  const lack = lacking(scenario, stage);
  if (lack !== undefined) return { verdict: 'skipped', summary: `Not run: ${lack}.` };
  const needs: readonly Need[] = scenario.needs;
  if (needs.includes('messages')) await stage.site.hooks?.listen?.(stage.browser.page());
  const before = await picture(stage);
  const watch: Watch = watchPage(stage);
  const reloads: number[] = [];
  const stepsBeganAt = Date.now();
  try {
    for (const step of scenario.steps) {
      const text = describeStep(step);
      onStep(text);
      stage.note('lab', text);
      if (step.type === 'reload' || step.type === 'reload-tabs') reloads.push(Date.now());
      await performStep(step, stage);
    }
    declareUntouched(stage, stepsBeganAt);
    await healWorld(stage);
    stage.note('lab', 'The world is in order again');
    onStep('Waiting until the site is back');
    const settled = await awaitHealth(stage, scenario);
    const after = await picture(stage);
    await watch.stop();
    const judgement = judge({ scenario, stage, settled, spans: watch.spans, stepsBeganAt, reloads });
    stage.note('lab', judgement.summary, judgement.verdict === 'kept' ? 'good' : 'bad');
    const backAfterMs = settled.troubles.length === 0 ? settled.afterMs : undefined;
    // Pictures of what went well would make a report of many megabytes.
    return judgement.verdict === 'kept' ? { ...judgement, backAfterMs } : { ...judgement, backAfterMs, before, after };
  } finally {
    await watch.stop();
  }
};

/** Runs one scenario in a new browser. Never rejects: what the lab itself cannot do is a result too. */
export const runScenario = async (
  scenario: LabScenario,
  options: ScenarioOptions,
  seed: number,
  chance: Chance,
): Promise<ScenarioResult> => {
  const { url, site, realTime, onStep = () => undefined } = options;
  const startedAt = Date.now();
  const timeline: TimelineEntry[] = [];
  const declared = new Set<string>();
  const note: Stage['note'] = (lane, text, level = 'info') =>
    void timeline.push({ at: Date.now() - startedAt, lane, text, level });
  const ended = (ending: Ending): ScenarioResult => ({
    id: scenario.id,
    title: scenario.title,
    category: scenario.category,
    why: scenario.why,
    seed,
    ms: Date.now() - startedAt,
    timeline: timeline.toSorted((a, b) => a.at - b.at),
    declared: [...declared],
    ...ending,
  });
  let opened: Opened | undefined;
  try {
    onStep('Starting a browser');
    opened = await open(options, chance);
    const stage: Stage = {
      url,
      ...opened,
      site,
      realTime,
      startedAt,
      note,
      declare: (text) => void declared.add(text),
      baseline: BLANK_BASELINE,
      tabs: [],
      clockOffsetMs: 0,
      faults: new Set(),
      isWatched: true,
      published: 0,
    };
    onStep('Signing in');
    await signIn(stage, scenario.needs);
    const ending = await play(scenario, stage, onStep);
    timeline.push(...networkEntries(trafficOf(stage), startedAt));
    return ended(ending);
  } catch (error) {
    return ended(judgeFailure(error));
  } finally {
    await site.hooks?.reset?.().catch(() => undefined);
    await opened?.browser.close().catch(() => undefined);
    await opened?.network.stop().catch(() => undefined);
    onStep(`Took ${inWords(Date.now() - startedAt)}`);
  }
};
