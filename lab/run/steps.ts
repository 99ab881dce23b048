import { elapse } from '../base/elapse.ts';
import type { HttpFault } from '../proxy/http/faults.ts';
import { readToxic } from '../proxy/tcp/toxics.ts';
import type { LabStep } from '../scenarios/scenario.ts';
import { expireAccess, performPageStep } from './page-steps.ts';
import { REVOCATION_FAULTS } from './revocation-faults.ts';
import { exchangesSince, type Stage } from './stage.ts';

/** Tickets for sockets commonly live for this long at most. */
const TICKET_LIFE_MS = 5 * 60_000;
/** Access tokens commonly live for this long at most. */
const ACCESS_LIFE_MS = 60 * 60_000;
const MINUTE_MS = 60_000;

const addFault = (stage: Stage, fault: HttpFault): void => void stage.faults.add(stage.network.faults.add(fault));

/** A proof contains the time of the browser (RFC 9449 §4.2), and the server compares it with its own. */
const usesDpop = (stage: Stage): boolean =>
  exchangesSince(stage, stage.startedAt).some(({ requestHeaders }) => 'dpop' in requestHeaders);

const forward = async (stage: Stage, ms: number): Promise<void> => {
  if (!stage.site.hooks?.shiftClock && usesDpop(stage)) {
    stage.declare('The clock was not shifted, because DPoP proofs with a later time would be refused.');
    return;
  }
  stage.clockOffsetMs += ms;
  const { shiftClock } = stage.site.hooks ?? {};
  if (shiftClock) await shiftClock(stage.clockOffsetMs);
  else stage.network.setClockOffset(stage.clockOffsetMs);
  if (stage.browser.engine === 'firefox') stage.declare('Firefox shifted the clock of its pages only.');
  await stage.browser.setClockOffset(stage.clockOffsetMs);
};

/** What the server would have forgotten by now, where no hook can shift its clock. */
const expireByAge = async (stage: Stage, ms: number): Promise<void> => {
  if (stage.site.hooks?.shiftClock) return;
  if (ms >= TICKET_LIFE_MS) {
    stage.declare('Tickets of sockets that were used before count as expired.');
    stage.network.faults.add({
      match: { kinds: ['socket'], isUsedCredential: true },
      action: { type: 'status', status: 401 },
    });
  }
  if (ms >= ACCESS_LIFE_MS) await expireAccess(stage);
};

/** Without Playwright, because it keeps workers alive and pages visible. */
const detached = async (stage: Stage, run: Parameters<Stage['browser']['detached']>[0]): Promise<void> => {
  stage.isWatched = false;
  await Promise.all(stage.tabs.map((tab) => tab.close().catch(() => undefined)));
  stage.tabs = [];
  try {
    await stage.browser.detached(run);
  } finally {
    stage.isWatched = true;
  }
};

const idle = async (stage: Stage, ms: number): Promise<void> => {
  if (stage.realTime) return detached(stage, () => elapse(ms));
  stage.declare(
    `${Math.round(ms / MINUTE_MS)} min without a user are a shifted clock, expired tokens, a killed worker and cut sockets.`,
  );
  await stage.browser.killWorkers().catch(() => undefined);
  await expireByAge(stage, ms);
  await forward(stage, ms);
  stage.network.cut();
};

const sleep = async (stage: Stage, ms: number, asMs: number): Promise<void> => {
  stage.declare(
    `A sleep of ${Math.round(asMs / MINUTE_MS)} min is a stopped browser, dead connections and a shifted clock.`,
  );
  stage.isWatched = false;
  stage.network.silence('everything');
  await stage.browser.suspend(ms);
  await expireByAge(stage, asMs);
  await forward(stage, asMs);
  stage.isWatched = true;
};

const hide = (stage: Stage, ms: number, isFrozen: boolean): Promise<void> =>
  detached(stage, async (tab, cover) => {
    await cover();
    if (isFrozen) await tab.setLife('frozen');
    await elapse(ms);
    if (isFrozen) await tab.setLife('active');
  });

const slow = ({ network }: Stage, latencyMs: number, kilobytesPerSecond: number): void => {
  const toxics = [
    { type: 'latency', attributes: { latency: latencyMs, jitter: Math.round(latencyMs / 2) } },
    { type: 'bandwidth', attributes: { rate: kilobytesPerSecond } },
  ];
  for (const body of toxics) {
    const toxic = readToxic(body);
    if (toxic) network.toxics.set(toxic);
  }
};

const revoke = async (stage: Stage): Promise<void> => {
  const { revoke: hook } = stage.site.hooks ?? {};
  if (hook) return hook();
  stage.declare('The session did not end at the server: the proxy refused its tokens.');
  for (const fault of REVOCATION_FAULTS) stage.network.faults.add(fault);
};

const goOffline = async ({ network, browser }: Stage, isOffline: boolean): Promise<void> => {
  // Playwright's lever alone leaves open sockets open (measured with Chromium 156).
  if (isOffline) network.setState('down');
  await browser.context().setOffline(isOffline);
  if (!isOffline) network.setState('up');
};

const restartServer = async ({ network }: Stage, downMs: number): Promise<void> => {
  network.setState('down');
  await elapse(downMs);
  network.setState('up');
};

const publish = async (stage: Stage, count: number): Promise<void> => {
  if (count === 0) return;
  stage.published += count;
  await stage.site.hooks?.publish?.(count);
};

/** Sets the world right again, so that only the site decides how it goes on. */
export const healWorld = async (stage: Stage): Promise<void> => {
  const { network, browser } = stage;
  network.toxics.clear();
  network.setIdleCut(undefined);
  for (const id of stage.faults) network.faults.remove(id);
  stage.faults.clear();
  await browser
    .context()
    .setOffline(false)
    .catch(() => undefined);
  network.setState('up');
};

/** Performs one step of a scenario. Throws when the lab itself cannot. */
export const performStep = async (step: LabStep, stage: Stage): Promise<void> => {
  const { network } = stage;
  switch (step.type) {
    case 'wait':
      return elapse(step.ms);
    case 'idle':
      return idle(stage, step.ms);
    case 'skew-clock':
      return stage.browser.setClockOffset(step.ms);
    case 'sleep':
      return sleep(stage, step.ms, step.asMs);
    case 'hide':
      return hide(stage, step.ms, false);
    case 'freeze':
      return hide(stage, step.ms, true);
    case 'network':
      return network.setState(step.state);
    case 'offline':
      return goOffline(stage, true);
    case 'online':
      return goOffline(stage, false);
    case 'silence':
      return void network.silence(step.what);
    case 'cut':
      return network.cut();
    case 'idle-cut':
      return network.setIdleCut(step.ms);
    case 'slow':
      return slow(stage, step.latencyMs, step.kilobytesPerSecond);
    case 'fault':
      return addFault(stage, step.fault);
    case 'clear-faults':
      return healWorld(stage);
    case 'revoke':
      return revoke(stage);
    case 'restart-server':
      return restartServer(stage, step.downMs);
    case 'deploy':
      return stage.site.hooks?.deploy?.();
    case 'publish':
      return publish(stage, step.count);
    case 'note':
      return stage.note('lab', step.text);
    default:
      return performPageStep(step, stage);
  }
};

const seconds = (ms: number): string => (ms < MINUTE_MS ? `${ms / 1000} s` : `${Math.round(ms / MINUTE_MS)} min`);

const FAULT_WORDS: Readonly<Record<string, string>> = {
  status: 'answered with an error',
  html: 'answered with an HTML page',
  'captive-portal': 'redirected to the page of a Wi-Fi',
  redirect: 'redirected to another page',
  lost: 'done by the server, and the answer is lost',
  duplicate: 'delivered twice',
  delay: 'delayed',
  hang: 'never answered',
  reset: 'reset',
};

/** What a step does, for the timeline and the progress line. */
export const describeStep = (step: LabStep): string => {
  switch (step.type) {
    case 'idle':
      return `The user does nothing for ${seconds(step.ms)}`;
    case 'sleep':
      return `The device sleeps for ${seconds(step.asMs)}`;
    case 'hide':
    case 'freeze':
      return `The tab is ${step.type === 'hide' ? 'hidden' : 'frozen'} for ${seconds(step.ms)}`;
    case 'wait':
      return `${seconds(step.ms)} pass`;
    case 'skew-clock':
      return `The clock goes wrong by ${seconds(Math.abs(step.ms))}`;
    case 'network':
      return `The network is ${step.state === 'blackhole' ? 'a black hole' : step.state}`;
    case 'restart-server':
      return `The server is away for ${seconds(step.downMs)}`;
    case 'fault': {
      const { action, match } = step.fault;
      const status = action.type === 'status' ? ` ${action.status}` : '';
      const where = match.path === undefined ? (match.kinds?.join(' and ') ?? 'all') : match.path;
      return `Requests (${where}) are ${FAULT_WORDS[action.type] ?? action.type}${status}`;
    }
    case 'silence':
      return `Open ${step.what === 'sockets' ? 'sockets' : 'connections'} carry nothing any more`;
    case 'note':
      return step.text;
    default:
      return `Step: ${step.type.replaceAll('-', ' ')}`;
  }
};
