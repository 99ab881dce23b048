import type {
  SessionMachine,
  SessionRecord,
  Session,
  SessionEvent,
  SessionState,
  SessionStep,
  Verdict,
} from '../../../src/core/session/session-types.ts';
import { generationOf } from '../../../src/core/session/session-transitions.ts';
import { SESSION_POLICY } from '../../../src/core/session-policy.ts';
import { projectSession } from '../../../src/core/session/session-view.ts';
import { tokenGeneration, usable } from '../../../src/core/session/token-expiry.ts';
import type { SignInNext } from '../../../src/protocol/bridge/calls.ts';
import type { Result } from '../../../src/protocol/problem.ts';
import type { SessionView } from '../../../src/protocol/snapshot.ts';
import { generationOfSaved } from './session-disk.ts';
import { checkEnd, type CheckContext, type Invariant } from './session-end-check.ts';
import { checkAudience, checkResources } from './session-resource-check.ts';
import type { SimulatedWorker } from './session-worker.ts';
import type { RefreshToken } from './session-provider.ts';
import type { Watch, World } from './session-world.ts';

export type Violation = { invariant: Invariant; text: string };

export const sessionOf = (state: SessionState): Session | undefined => ('session' in state ? state.session : undefined);
export const latestOf = (state: SessionState): Session | undefined => ('next' in state ? state.next : sessionOf(state));

/** `locked`, `superseded`: the disk has newer tokens of another worker, as it may with `loaded`. `saved`: those, or a sign-in's. */
const PROOFS: readonly SessionEvent['type'][] = ['granted', 'locked', 'superseded', 'verified', 'saved', 'save-failed'];

const isInTrouble = (view: SessionView): boolean =>
  view.state !== 'starting' && view.state !== 'signed-out' && view.problem !== undefined;

/** Checks the workers of a world against the true state of disk, lock, provider and backend. */
export class InvariantChecker implements Watch, CheckContext {
  readonly violations: Violation[] = [];
  readonly unanswered = new Set<string>();
  storeWasFaulty = false;
  wasCrowded = false;
  readonly world: World;
  readonly #graceful: boolean;
  /** The ids of started sign-outs, each with the newest token family at that time. */
  readonly #signOuts = new Map<string, number>();
  #signedOutUpTo = -1;
  /** The latest sign-in that was reported as done, by the order in which users began them. */
  #confirmedSignIn = -1;

  constructor(world: World, graceful: boolean) {
    this.world = world;
    this.#graceful = graceful;
    world.watch = this;
    world.provider.onReuse = (token) => this.#onReuse(token);
    world.disk.onWrite = (record) => this.#onWrite(record);
    world.disk.onErase = () => this.#onErase();
  }

  report(invariant: Invariant, text: string): void {
    this.violations.push({ invariant, text });
  }

  stepped(worker: SimulatedWorker, event: SessionEvent, before: SessionMachine, step: SessionStep): void {
    this.storeWasFaulty ||= worker.blind || worker.storeFailed;
    this.wasCrowded ||= this.world.workers.length > 1;
    this.#noteUnanswered(event, before.state, step.machine.state);
    if (
      'saved' in event &&
      event.saved?.state === 'signed-in' &&
      event.saved.session.refreshSentAt !== before.answeredRefreshSentAt
    )
      this.#markUnanswered(event.saved.session);
    if (event.type === 'sign-out' && event.id !== undefined)
      this.#signOuts.set(event.id, this.world.provider.families.length - 1);
    if (step.machine.state.state === 'signed-out' && before.state.state !== 'signed-out')
      checkEnd(this, worker, { event, before: before.state, after: step.machine.state });
    const isOwn = !('resource' in event) || event.resource === undefined;
    if (event.type === 'refused' && isOwn) this.#checkRefused(event.generation, before, step);
    if (event.type === 'request' && isOwn) this.#checkRequest(before, step);
    checkResources(this, event, before, step);
    if (event.type === 'suspected') this.#checkSuspected(before, step);
    if (event.type === 'granted') this.#checkGranted(event, before, step);
    if (event.type === 'record-changed' || event.type === 'loaded') this.#checkFresh(event, before, step);
    this.#checkRevoked(step);
    this.#checkPause(event, before.state, step);
    this.#checkShown(event, before, step.machine);
    this.#checkDurability(worker, step.machine);
  }

  granting(worker: SimulatedWorker, session: Session): void {
    const { lock, workers, disk, provider } = this.world;
    if (workers.some((other) => other.grant)) this.report(1, 'two refreshes in flight');
    if (lock.holder !== worker.id) this.report(1, 'a refresh without the lock');
    const record = disk.record?.state === 'signed-in' ? disk.record.session : undefined;
    const recorded = record?.generation === session.generation && record.refreshSentAt !== undefined;
    // These three cases are harmless. Another worker overwrote the record when it saved the user's name: a restarted
    // worker loses only time. The user has just signed in or out elsewhere. Or a script has just deleted the database.
    const outdone = generationOfSaved(disk.record) > session.generation || disk.record === undefined;
    if (!recorded && !outdone && !this.wasCrowded && worker.machine.durability !== 'memory')
      this.report(12, 'a token was sent without a write-ahead record on disk');
    const next = provider.tokenOf(session.tokens.refresh)?.successors.find((token) => this.#isKnown(token));
    if (next && !this.storeWasFaulty)
      this.report(12, `${session.tokens.refresh} was sent again although ${next.value} is known`);
  }

  answering(worker: SimulatedWorker, id: string, verdict: Verdict): void {
    if (this.world.open.get(id) !== worker) this.report(4, `${id} was answered twice, or no request waited`);
    checkAudience(this, worker, id, verdict);
    if (verdict.type !== 'authorized' || this.world.disk.durable.has(verdict.token.value)) return;
    if (worker.machine.durability === 'disk') this.report(3, 'a token was sent that the disk does not have');
    if (!worker.storeFailed) this.report(3, 'durability is "memory", although the store never failed');
  }

  settling(worker: SimulatedWorker, id: string, result: Result<SignInNext | null>): void {
    if (this.world.open.get(id) !== worker) this.report(4, `${id} was settled twice, or no page waited`);
    const { disk, provider } = this.world;
    const upTo = this.#signOuts.get(id);
    const record = disk.record?.state === 'signed-in' ? disk.record.session.tokens : undefined;
    const saved = record && provider.familyOf(record.refresh, record.access?.value);
    const family = saved?.id;
    if (!result.ok) return;
    if (upTo === undefined) this.#confirmedSignIn = Math.max(this.#confirmedSignIn, saved?.asked ?? -1);
    // If the clock went back, another worker's memory may hold a session that looks like a later sign-in.
    else if (family === undefined || family > upTo) this.#signedOutUpTo = Math.max(this.#signedOutUpTo, upTo);
    else if (!this.world.clockWentBack) this.report(3, 'reported "signed out" before the disk had it');
  }

  died(worker: SimulatedWorker): void {
    const { state } = worker.machine;
    const session = sessionOf(state);
    const record = this.world.disk.record?.state === 'signed-in' ? this.world.disk.record.session : undefined;
    const open = record?.generation === session?.generation && record?.refreshSentAt !== undefined;
    if (session && (open || (state.state === 'refreshing' && state.step !== 'locking') || state.state === 'saving'))
      this.#markUnanswered(session);
  }

  /** Whether the disk or a running worker has this token, so that no worker may send its predecessor again. */
  #isKnown(token: RefreshToken): boolean {
    if (this.world.disk.durable.has(token.value)) return true;
    return this.world.workers.some(
      (worker) => !worker.storeFailed && latestOf(worker.machine.state)?.tokens.refresh === token.value,
    );
  }

  #markUnanswered(session: Session): void {
    if (session.tokens.refresh !== undefined) this.unanswered.add(session.tokens.refresh);
  }

  #noteUnanswered(event: SessionEvent, before: SessionState, after: SessionState): void {
    if (before.state !== 'refreshing' || before.step === 'locking') return;
    const answered = event.type === 'granted' || (event.type === 'grant-failed' && !event.unanswered);
    const same = after.state === 'refreshing' && after.call === before.call;
    if (!answered && !same) this.#markUnanswered(before.session);
  }

  #onReuse({ value }: RefreshToken): void {
    if (this.#graceful && !this.storeWasFaulty)
      this.report(12, `${value} was lost although the provider has a grace period`);
  }

  #onWrite(record: SessionRecord): void {
    if (record.state !== 'signed-in') return;
    const { access, refresh } = record.session.tokens;
    const family = this.world.provider.familyOf(refresh, access?.value);
    if (!family) return;
    if (family.id <= this.#signedOutUpTo) this.report(2, `family ${family.id} came back after its sign-out`);
    // If two sign-ins could not see each other, only the clock can order them.
    if (family.asked < this.#confirmedSignIn && !this.world.clockWentBack)
      this.report(2, `family ${family.id} replaced a later sign-in`);
  }

  /** Two workers know of each other through the disk only. After an erase, the last write wins. */
  #onErase(): void {
    if (!this.wasCrowded) return;
    this.storeWasFaulty = true;
    this.#signedOutUpTo = -1;
    this.#confirmedSignIn = -1;
  }

  #checkRefused(generation: number, { state }: SessionMachine, step: SessionStep): void {
    const session = sessionOf(state);
    if (!session || tokenGeneration(session) <= generation || state.state === 'saving') return;
    if (session.kind !== 'ticket' && !usable(session.tokens.access, this.world.now(), SESSION_POLICY)) return;
    const replayed = step.effects.some(
      (effect) =>
        effect.type === 'answer' && effect.verdict.type === (session.kind === 'ticket' ? 'anonymous' : 'authorized'),
    );
    if (!replayed) this.report(5, 'a 401 for an older token was not replayed with the newer one');
    if (step.effects.some((effect) => effect.type === 'lock'))
      this.report(5, 'a 401 for an older token caused a refresh');
  }

  #checkRequest({ state }: SessionMachine, step: SessionStep): void {
    const session = sessionOf(state);
    if (!session || !usable(session.tokens.access, this.world.now(), SESSION_POLICY)) return;
    const sent = step.effects.some((effect) => effect.type === 'answer' && effect.verdict.type === 'authorized');
    if (!sent) this.report('early-refresh', `a good token was withheld while ${state.state}`);
  }

  /** A worker that has no work with the disk under way reads it again after a change, and takes a newer record. */
  #checkFresh(
    event: SessionEvent & { type: 'record-changed' | 'loaded' },
    { state, unsaved }: SessionMachine,
    step: SessionStep,
  ): void {
    if (unsaved || !['active', 'degraded', 'signed-out'].includes(state.state) || 'lookAgainAt' in state) return;
    if (event.type === 'record-changed') {
      if (!step.effects.some(({ type }) => type === 'load')) this.report(13, 'a change of the record was not read');
      return;
    }
    const known = Math.max(generationOfSaved(event.saved), generationOf(state));
    if (generationOf(step.machine.state) < known) this.report(13, 'a newer record was read and not taken');
  }

  #checkSuspected({ state }: SessionMachine, step: SessionStep): void {
    const reaches = step.effects.filter((effect) => effect.type !== 'lock' && effect.type !== 'verify');
    if (reaches.length > 0) this.report(8, `a socket caused ${reaches[0]?.type}`);
    if (step.machine.state.state === 'signed-out' && state.state !== 'signed-out')
      this.report(8, 'a socket ended the session');
  }

  /** A good answer means that the old refresh token is consumed, so the machine must save the new one in any case. */
  #checkGranted(
    { call, grant }: SessionEvent & { type: 'granted' },
    { state }: SessionMachine,
    step: SessionStep,
  ): void {
    if (state.state !== 'refreshing' || state.call !== call || grant.refresh === undefined) return;
    const kept = step.effects.some(
      (effect) =>
        effect.type === 'save' &&
        effect.record.state === 'signed-in' &&
        effect.record.session.tokens.refresh === grant.refresh,
    );
    if (!kept) this.report(3, `${grant.refresh} was granted and not saved`);
  }

  /** Many requests would be a storm, and a provider that needs the person is not asked behind their back. */
  #checkPause(event: SessionEvent, before: SessionState, step: SessionStep): void {
    if (before.state !== 'degraded' && before.state !== 'sign-in-required') return;
    const now = this.world.now();
    const isPaused = now < before.nextTryAt && now >= before.failedAt;
    if (!isPaused || !step.effects.some((effect) => effect.type === 'lock')) return;
    // The pause was about the tokens before these.
    if (generationOf(step.machine.state) > generationOf(before)) return;
    const byUser = event.type === 'nudge' && event.cause === 'user';
    const byRequest = event.type === 'request' || event.type === 'refused' || event.type === 'refused-again';
    if (before.state === 'degraded' ? byRequest : !byUser)
      this.report('pauses', `${event.type} started an attempt ${before.nextTryAt - now} ms early`);
  }

  /** What a page shows as trouble ends with a proof only: new tokens, another worker's, or the backend's word. */
  #checkShown(event: SessionEvent, before: SessionMachine, after: SessionMachine): void {
    const [shown, next] = [projectSession(before), projectSession(after)];
    const isOver = isInTrouble(shown) && next.state !== 'starting' && next.state !== 'signed-out' && !isInTrouble(next);
    const isNewer = event.type === 'loaded' && generationOf(after.state) > generationOf(before.state);
    if (isOver && !isNewer && !PROOFS.includes(event.type))
      this.report(14, `${event.type} ended trouble without a proof`);
    if (event.type !== 'verify-failed' || event.problem.code !== 'redirect-refused') return;
    const { verifying } = before;
    const isAnswer = verifying?.state === 'pending' && verifying.call === event.call;
    const isOfThis = isAnswer && verifying.generation === sessionOf(before.state)?.generation;
    if (isOfThis && next.state === 'active' && !isInTrouble(next))
      this.report(14, 'a redirected check shows no trouble');
  }

  #checkRevoked(step: SessionStep): void {
    const latest = latestOf(step.machine.state);
    for (const effect of step.effects) {
      if (effect.type !== 'revoke' || !latest) continue;
      const { refresh } = effect.session.tokens;
      const same =
        latest.kind === 'ticket'
          ? effect.session.kind === 'ticket'
          : refresh !== undefined && refresh === latest.tokens.refresh;
      if (same) this.report(2, 'revoked the session that it keeps');
    }
  }

  #checkDurability(worker: SimulatedWorker, { state, durability, unsaved }: SessionMachine): void {
    if (state.state !== 'active' || durability !== 'disk' || unsaved || worker.outdated) return;
    const { disk } = this.world;
    const { access, refresh } = state.session.tokens;
    const safe = [access?.value, refresh].every((token) => token === undefined || disk.durable.has(token));
    if (!safe || generationOfSaved(disk.record) < state.session.generation)
      this.report(3, `worker ${worker.id} reports durability "disk", and the disk does not have its tokens`);
  }
}
