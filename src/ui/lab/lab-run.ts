import { isObject, numberAt } from '../../protocol/schema/json.ts';
import type { Channel } from '../../page/types/channel-types.ts';
import type { Keeper } from '../../page/types/types.ts';
import { resolveAfter } from '../../protocol/timing/timer.ts';
import { statusOf } from '../base/status.ts';
import { loadHistory } from '../conversation/history.ts';
import { causeFault, FAULTS, NEEDS_SHOW, PROBE, showLever, type FaultName } from './faults.ts';
import { missing, newLabState, pendingRequests, type LabState } from './lab-state.ts';

const HISTORY = '/api/v1/topics/';
const PROBE_EVERY_MS = 400;
const SEND_EVERY_MS = 500;
const LOOK_EVERY_MS = 100;
/** A fault that is not over by then counts as one that was not survived. */
const RECOVER_WITHIN_MS = 30_000;
const BETWEEN_FAULTS_MS = 1_200;
const MINUTE_MS = 60_000;
/** A run of single faults ends by itself this long after the last one: a page that is left open sends no requests for ever. */
const IDLE_MS = 2 * MINUTE_MS;
/** These are over only when another worker is in its place. */
const REPLACING: readonly FaultName[] = ['worker', 'deploy'];
const RELOADING: readonly FaultName[] = ['reload', 'hard-reload'];

type Change = (state: LabState) => LabState;
type LabFault = LabState['faults'][number];

/** A lever that did not work, and why. */
type Trouble = { name: FaultName; reason: string };

/** Asks, publishes and listens while faults happen, and counts. `changed` runs after each change of `state`. */
export class LabRun {
  state: LabState;
  /** The last lever, if it did not work. */
  trouble: Trouble | undefined;
  readonly #keeper: Keeper;
  readonly #changed: () => void;
  readonly #channel: Channel;
  readonly #ended = new AbortController();
  /** When the latest request was sent that has a good answer, and the latest message that arrived (ms since the Unix epoch). */
  #goodRequestAt = 0;
  #goodMessageAt = 0;
  #isSignedOut = false;
  /** What this page received over the channel: a second delivery of one of them is a double. */
  readonly #live = new Set<number>();

  constructor(keeper: Keeper, changed: () => void, state: LabState) {
    this.#keeper = keeper;
    this.#changed = changed;
    this.state = state;
    this.#channel = keeper.channel(state.topic);
    void this.#listen();
    void this.#fill();
    this.#untilTheEnd(setInterval(() => void this.#probe(), PROBE_EVERY_MS));
    this.#untilTheEnd(setInterval(() => void this.#send(), SEND_EVERY_MS));
    this.#untilTheEnd(setInterval(() => this.#look(), LOOK_EVERY_MS));
    if (state.endsAt !== undefined && state.phase === 'running') void this.#play();
  }

  static start(keeper: Keeper, changed: () => void, forAMinute: boolean): LabRun {
    const now = Date.now();
    const topic = `lab-${now.toString(36)}`;
    return new LabRun(keeper, changed, newLabState(now, topic, forAMinute ? now + MINUTE_MS : undefined));
  }

  /** Goes on after a reload. The requests that were under way went with the page. */
  static resume(keeper: Keeper, changed: () => void, state: LabState): LabRun {
    return new LabRun(keeper, changed, { ...state, away: state.away + pendingRequests(state) });
  }

  get isRunning(): boolean {
    return this.state.phase === 'running' && !this.#ended.signal.aborted;
  }

  /** Ends the faults; the verdict comes once everything that was asked has its answer. */
  stop(): void {
    if (this.state.phase === 'running') this.#set((state) => ({ ...state, phase: 'settling', stoppedAt: Date.now() }));
  }

  close(): void {
    this.#ended.abort();
    this.#channel.close();
  }

  /** Counts each sign-out once, however many snapshots show it, until the verdict. */
  noteSession(isSignedOut: boolean): void {
    if (isSignedOut && !this.#isSignedOut && this.state.phase !== 'done')
      this.#set((state) => ({ ...state, signOuts: state.signOuts + 1 }));
    this.#isSignedOut = isSignedOut;
  }

  async cause(name: FaultName): Promise<void> {
    this.trouble = undefined;
    const at = Date.now();
    const worker = REPLACING.includes(name) ? this.#keeper.snapshot.worker.id : undefined;
    // a reload ends this page before its lever could say that it is done
    const causedAt = RELOADING.includes(name) ? at : undefined;
    this.#set((state) => ({ ...state, faults: [...state.faults, { name, at, causedAt, worker }] }));
    try {
      await causeFault(this.#keeper, name);
      this.#setFault(at, (fault) => [{ ...fault, causedAt: Date.now() }]);
    } catch (error) {
      this.trouble = { name, reason: error instanceof Error ? error.message : String(error) };
      this.#setFault(at, () => []);
    }
  }

  #setFault(at: number, change: (fault: LabFault) => LabFault[]): void {
    this.#set((state) => ({
      ...state,
      faults: state.faults.flatMap((each) => (each.at === at ? change(each) : each)),
    }));
  }

  /** A run that was closed ignores what arrives late. */
  #set(change: Change): void {
    if (this.#ended.signal.aborted) return;
    this.state = change(this.state);
    this.#changed();
  }

  #untilTheEnd(timer: ReturnType<typeof setInterval>): void {
    this.#ended.signal.addEventListener('abort', () => clearInterval(timer));
  }

  async #probe(): Promise<void> {
    if (!this.isRunning) return;
    const askedAt = Date.now();
    this.#set((state) => ({ ...state, asked: state.asked + 1 }));
    const status = await this.#keeper.fetch(PROBE).then(
      (response) => response.status,
      () => 0,
    );
    const outcome = status === 401 ? 'refused' : status >= 200 && status < 300 ? 'answered' : 'failed';
    if (outcome === 'answered') this.#goodRequestAt = Math.max(this.#goodRequestAt, askedAt);
    this.#set((state) => ({ ...state, [outcome]: state[outcome] + 1 }));
  }

  async #send(): Promise<void> {
    if (!this.isRunning) return;
    const n = this.state.next;
    this.#set((state) => ({ ...state, next: n + 1 }));
    const id = `${this.state.topic}-${n}`;
    const result = await this.#channel.publish({ n, at: Date.now() }, { id });
    if (result.ok) this.#set((state) => ({ ...state, sent: [...state.sent, n] }));
  }

  async #listen(): Promise<void> {
    for await (const { data } of this.#channel) this.#receive(data, true);
  }

  /** What arrived while this page was away, as any page loads it after a reload. */
  async #fill(): Promise<void> {
    const history = await loadHistory(this.#keeper, HISTORY, this.state.topic);
    for (const { data } of history?.events ?? []) this.#receive(data, false);
  }

  #receive(data: unknown, isLive: boolean): void {
    if (!isObject(data)) return;
    const [n, at] = [numberAt(data, 'n'), numberAt(data, 'at')];
    if (n === undefined) return;
    if (this.state.seen.includes(n)) {
      if (isLive && this.#live.has(n)) this.#set((state) => ({ ...state, doubled: state.doubled + 1 }));
    } else this.#set((state) => ({ ...state, seen: [...state.seen, n] }));
    if (isLive) this.#live.add(n);
    if (isLive && at !== undefined) this.#goodMessageAt = Math.max(this.#goodMessageAt, at);
  }

  /** A fault is over once a later request, a later message and the session are good. */
  #look(): void {
    const now = Date.now();
    const { snapshot } = this.#keeper;
    const isConnected = statusOf(snapshot) === 'connected';
    const isOver = ({ causedAt = Infinity, worker, recoveredMs }: LabFault): boolean =>
      recoveredMs === undefined &&
      isConnected &&
      worker !== snapshot.worker.id &&
      this.#goodRequestAt > causedAt &&
      this.#goodMessageAt > causedAt;
    if (this.state.faults.some(isOver)) {
      this.#set((state) => ({
        ...state,
        faults: state.faults.map((each) => (isOver(each) ? { ...each, recoveredMs: now - each.at } : each)),
      }));
    }
    const { phase, endsAt, startedAt, faults, stoppedAt = now } = this.state;
    if (endsAt === undefined && now - (faults.at(-1)?.at ?? startedAt) > IDLE_MS) this.stop();
    if (phase !== 'settling') return;
    const isSettled = pendingRequests(this.state) === 0 && missing(this.state).length === 0;
    if (isSettled || now - stoppedAt > RECOVER_WITHIN_MS) this.#set((state) => ({ ...state, phase: 'done' }));
  }

  /** All faults one after the other, each after the one before is over, until the minute is. */
  async #play(): Promise<void> {
    const all = FAULTS.filter((name) => showLever() !== undefined || !NEEDS_SHOW.includes(name));
    const pause = (): Promise<void> => resolveAfter(BETWEEN_FAULTS_MS);
    await pause();
    const { endsAt = 0 } = this.state;
    // counts on even if a lever does not work, so that the next one has its turn
    for (let turn = this.state.faults.length; this.isRunning && Date.now() < endsAt; turn += 1) {
      const name = all[turn % all.length];
      if (name) await this.cause(name);
      const { at = 0 } = this.state.faults.at(-1) ?? {};
      while (this.isRunning && this.#hasOpenFault() && Date.now() - at < RECOVER_WITHIN_MS) await pause();
      await pause();
    }
    this.stop();
  }

  #hasOpenFault(): boolean {
    return this.state.faults.some(({ recoveredMs }) => recoveredMs === undefined);
  }
}
