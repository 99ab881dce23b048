import { initialMachine, stepSession } from '../../../src/core/session/session.ts';
import type {
  SessionRecord,
  Session,
  SessionEffect,
  SessionEvent,
  SessionStep,
  Verdict,
} from '../../../src/core/session/session-types.ts';
import { SESSION_POLICY } from '../../../src/core/session-policy.ts';
import type { Challenge } from '../../../src/core/unauthorized-challenge.ts';
import { wakeAt } from '../../../src/core/session/token-expiry.ts';
import type { SignInNext } from '../../../src/protocol/bridge/calls.ts';
import type { Result } from '../../../src/protocol/problem.ts';
import type { Boundary, SimulatedWorker, Slot } from './session-worker.ts';
import type { ProviderSettings, Rejection } from './session-provider.ts';
import { Surroundings, UNREACHABLE } from './session-surroundings.ts';
import { randomFrom } from './session-timeline.ts';

export type Stepper = typeof stepSession;

/** An observer that checks the invariants from outside, where the true state is known. */
export type Watch = {
  stepped(worker: SimulatedWorker, event: SessionEvent, before: SimulatedWorker['machine'], step: SessionStep): void;
  granting(worker: SimulatedWorker, session: Session): void;
  answering(worker: SimulatedWorker, id: string, verdict: Verdict): void;
  settling(worker: SimulatedWorker, id: string, result: Result<SignInNext | null>): void;
  died(worker: SimulatedWorker): void;
};

const NO_WATCH: Watch = { stepped() {}, granting() {}, answering() {}, settling() {}, died() {} };

export type WorldOptions = ProviderSettings & {
  seed: number;
  step?: Stepper | undefined;
  maxLatencyMs?: number | undefined;
  /** The kind of a session with tokens. Only one of `oidc` has resources. */
  kind?: 'password' | 'oidc' | undefined;
};

/** A real timer never fires early, and never at the same instant. */
const LEAST_TIMER_MS = 1;
/** The clock can jump and the device can sleep while a timer is armed, so the host ticks the machine at least this often. */
const LONGEST_TIMER_MS = 60_000;

/** One browser profile with its disk and lock, one provider and one backend. Only `time.advance` moves the time. */
export class World extends Surroundings {
  readonly workers: SimulatedWorker[] = [];
  readonly boundaries: Boundary[] = [];
  readonly open = new Map<string, SimulatedWorker>();
  readonly verdicts = new Map<string, Verdict>();
  readonly results = new Map<string, Result<SignInNext | null>>();
  readonly random: () => number;
  watch: Watch = NO_WATCH;
  readonly #step: Stepper;
  #signIns = 0;
  readonly #maxLatencyMs: number;
  readonly kind: 'password' | 'oidc';
  #ids = 0;

  constructor(options: WorldOptions) {
    super(options);
    this.random = randomFrom(options.seed);
    this.#step = options.step ?? stepSession;
    this.#maxLatencyMs = options.maxLatencyMs ?? 120;
    this.kind = options.kind ?? 'password';
  }

  workerIn(slot: Slot): SimulatedWorker | undefined {
    return this.workers.find((worker) => worker.alive && worker.slot === slot);
  }

  start(slot: Slot): SimulatedWorker {
    const id = ++this.#ids;
    const worker: SimulatedWorker = {
      ...{ id, slot, machine: initialMachine, alive: true, wake: undefined, grant: undefined, rejection: undefined },
      ...{ savesUntil: 0, blind: false, storeFailed: false, outdated: false, fuse: 0, restartMs: 0 },
    };
    this.workers.push(worker);
    this.dispatch(worker, { type: 'started' });
    return worker;
  }

  /** The browser stops a worker: its code ends, its lock is free, and its sent requests stay sent. */
  kill(worker: SimulatedWorker): void {
    worker.alive = false;
    this.watch.died(worker);
    for (const [id, owner] of this.open) if (owner === worker) this.open.delete(id);
    this.workers.splice(this.workers.indexOf(worker), 1);
    this.lock.release(worker.id);
    this.time.after(worker.restartMs, () => this.workerIn(worker.slot) ?? this.start(worker.slot));
  }

  dispatch(worker: SimulatedWorker, event: SessionEvent): void {
    if (!worker.alive) return;
    const before = worker.machine;
    const step = this.#step(before, event, { now: this.now(), chance: this.random() }, SESSION_POLICY);
    worker.machine = step.machine;
    this.watch.stepped(worker, event, before, step);
    for (const effect of step.effects) {
      if (!this.#passes(worker, `${effect.type} before`)) return;
      this.#perform(worker, effect);
    }
    this.#arm(worker);
  }

  request(worker: SimulatedWorker, resource?: string): string {
    const id = `q${++this.#ids}`;
    this.open.set(id, worker);
    if (resource !== undefined) this.resources.set(id, resource);
    this.dispatch(worker, { type: 'request', id, resource });
    return id;
  }

  /** The backend answered 401 to a request with the token of `generation`. */
  refuse(worker: SimulatedWorker, generation: number, challenge: Challenge = 'token'): string {
    const id = `q${++this.#ids}`;
    this.open.set(id, worker);
    this.dispatch(worker, { type: 'refused', id, generation, challenge });
    return id;
  }

  abandon(worker: SimulatedWorker): void {
    for (const [id, owner] of this.open) {
      if (owner !== worker || !id.startsWith('q')) continue;
      this.open.delete(id);
      return this.dispatch(worker, { type: 'abandoned', id });
    }
  }

  /** A user signs in or out on a page of this worker. */
  order(
    worker: SimulatedWorker,
    order: { type: 'sign-in'; kind: 'password' | 'ticket' } | { type: 'sign-out' },
  ): string {
    const id = `s${++this.#ids}`;
    this.open.set(id, worker);
    if (order.type === 'sign-out') this.dispatch(worker, { type: 'sign-out', id });
    else if (order.kind === 'ticket')
      this.dispatch(worker, { type: 'sign-in', id, command: { kind: 'ticket', apiKey: 'k' } });
    else this.dispatch(worker, { type: 'sign-in', id, command: { kind: 'password', username: 'u', password: 'p' } });
    return id;
  }

  #passes(worker: SimulatedWorker, boundary: Boundary): boolean {
    if (!worker.alive) return false;
    this.boundaries.push(boundary);
    if (worker.fuse > 0 && --worker.fuse === 0) this.kill(worker);
    return worker.alive;
  }

  /** One timer, as in the host. It is armed again only when the machine's wake time changes. */
  #arm(worker: SimulatedWorker): void {
    if (!worker.alive) return;
    const at = wakeAt(worker.machine, SESSION_POLICY);
    if (worker.wake?.at === at) return;
    const id = ++this.#ids;
    worker.wake = at === Infinity ? undefined : { at, id };
    if (!worker.wake) return;
    this.time.after(Math.min(LONGEST_TIMER_MS, Math.max(LEAST_TIMER_MS, at - this.now())), () => {
      if (!worker.alive || worker.wake?.id !== id) return;
      worker.wake = undefined;
      this.dispatch(worker, { type: 'tick' });
      this.#arm(worker);
    });
  }

  #latency(): number {
    return 1 + Math.floor(this.random() * this.#maxLatencyMs);
  }

  /** Work that takes time. The worker can die between the end of the work and the arrival of its answer. */
  #work(
    worker: SimulatedWorker,
    effect: SessionEffect['type'],
    work: () => SessionEvent | undefined,
    slowMs = 0,
  ): void {
    this.time.after(slowMs + this.#latency(), () => {
      if (!worker.alive) return;
      const event = work();
      const { erasures } = this.disk;
      if (this.#passes(worker, `${effect} done`) && event) {
        this.time.after(this.#latency(), () => {
          // As in the host: the record that was read may now be the only copy.
          worker.outdated = (effect === 'load' || effect === 'lock') && this.disk.erasures !== erasures;
          this.#known(worker, effect, event);
          if (!worker.outdated) return;
          worker.outdated = false;
          this.dispatch(worker, { type: 'erased' });
        });
      }
    });
  }

  #known(worker: SimulatedWorker, effect: SessionEffect['type'], event: SessionEvent): void {
    this.dispatch(worker, event);
    this.#passes(worker, `${effect} after`);
  }

  #perform(worker: SimulatedWorker, effect: SessionEffect): void {
    switch (effect.type) {
      case 'load':
        return this.#work(worker, 'load', () => this.loaded(effect.call), this.disk.slowMs);
      case 'lock':
        return this.lock.request(worker.id, () =>
          this.#work(worker, 'lock', () => this.locked(worker, effect.call), this.disk.slowMs),
        );
      case 'unlock':
        worker.grant = undefined;
        return this.lock.release(worker.id);
      case 'save':
        return this.#save(worker, effect.call, effect.record);
      case 'grant':
        return this.#grant(worker, effect);
      case 'verify':
        return this.#work(worker, 'verify', () => this.verified(worker, effect.call, effect.kind));
      case 'sign-in': {
        const kind = effect.command.kind === 'ticket' ? 'ticket' : this.kind;
        const asked = (this.#signIns += 1);
        return this.#work(worker, 'sign-in', () => this.signedIn(effect.call, kind, asked));
      }
      case 'revoke':
        return this.#work(worker, 'revoke', () => this.revoke(effect.session));
      case 'answer':
        this.watch.answering(worker, effect.id, effect.verdict);
        this.open.delete(effect.id);
        this.verdicts.set(effect.id, effect.verdict);
        return this.#send(worker, effect.id, effect.verdict);
      case 'settle':
        this.watch.settling(worker, effect.id, effect.result);
        this.open.delete(effect.id);
        this.results.set(effect.id, effect.result);
    }
  }

  #save(worker: SimulatedWorker, call: number, record: SessionRecord): void {
    const at = Math.max(worker.savesUntil, this.time.now + this.disk.slowMs + this.#latency());
    worker.savesUntil = at;
    this.time.after(at - this.time.now, () => {
      if (!worker.alive) return;
      const outcome = this.disk.write(record);
      worker.storeFailed ||= outcome === 'failed';
      const event = this.saved(call, outcome);
      if (this.#passes(worker, 'save done')) this.time.after(this.#latency(), () => this.#known(worker, 'save', event));
    });
  }

  /** The server handles a sent request even if its worker has died. */
  #grant(worker: SimulatedWorker, { call, session, resource }: Extract<SessionEffect, { type: 'grant' }>): void {
    this.watch.granting(worker, session);
    const { refresh } = session.tokens;
    worker.grant = { call, refresh };
    const lost: SessionEvent = { type: 'grant-failed', call, problem: UNREACHABLE, unanswered: true };
    const connection = this.connection;
    const bring = (event: SessionEvent, rejection?: Rejection): void => {
      if (!worker.alive || worker.grant?.call !== call) return;
      worker.grant = undefined;
      worker.rejection = rejection;
      this.#known(worker, 'grant', event);
    };
    this.time.after(this.#latency(), () => {
      if (!this.networkUp) return bring({ ...lost, unanswered: false });
      const answer = this.provider.refresh(refresh ?? '', resource);
      const arrives = this.toLose === 0 && this.provider.mode.kind !== 'hang';
      if (this.toLose > 0) this.toLose--;
      this.#passes(worker, 'grant done');
      this.time.after(this.provider.delayMs + this.#latency(), () => {
        if (!arrives || !this.networkUp || connection !== this.connection) return bring(lost);
        if ('issued' in answer) return bring({ type: 'granted', call, grant: this.received(answer.issued) });
        bring({ type: 'grant-failed', call, problem: answer.problem, unanswered: answer.unanswered }, answer.rejection);
      });
    });
  }

  /** Sends the request to the backend. A 401 goes to the machine once for each request. */
  #send(worker: SimulatedWorker, id: string, verdict: Verdict): void {
    if (verdict.type !== 'authorized' && verdict.type !== 'anonymous') return;
    const resource = this.resources.get(id.replaceAll('!', ''));
    this.time.after(this.#latency(), () => {
      if (!this.networkUp || !worker.alive) return;
      const taken =
        !this.refusesAll &&
        (verdict.type === 'anonymous'
          ? this.cookie && this.provider.alive(this.cookie)
          : this.provider.accepts(verdict.token.value, resource));
      if (taken && resource !== undefined) this.servedByResources++;
      else if (taken) this.served++;
      else if (verdict.type === 'authorized' && !id.endsWith('!')) this.#refused(worker, `${id}!`, verdict);
    });
  }

  #refused(worker: SimulatedWorker, id: string, { generation, token }: Verdict & { type: 'authorized' }): void {
    this.refusedTokens.set(id, token.value);
    const resource = this.resources.get(id.replaceAll('!', ''));
    this.open.set(id, worker);
    this.dispatch(worker, { type: 'refused', id, generation, challenge: 'token', resource });
  }
}
