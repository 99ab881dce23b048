import { initialMachine, stepSession } from '../../../src/core/session/session.ts';
import {
  SESSION_POLICY,
  type SessionRecord,
  type Session,
  type SessionEffect,
  type SessionEvent,
  type Step,
  type Verdict,
} from '../../../src/core/session/session-types.ts';
import { wakeAt } from '../../../src/core/session/token-expiry.ts';
import type { SignInNext } from '../../../src/protocol/bridge/calls.ts';
import type { Result } from '../../../src/protocol/problem.ts';
import type { Boundary, Life, Slot } from './session-life.ts';
import type { ProviderSettings, Rejection } from './session-provider.ts';
import { Surroundings, UNREACHABLE } from './session-surroundings.ts';
import { randomFrom } from './session-timeline.ts';

export type Stepper = typeof stepSession;

/** Who looks on: the invariants are judged from out here, where the truth is known. */
export type Watch = {
  stepped(life: Life, event: SessionEvent, before: Life['machine'], step: Step): void;
  granting(life: Life, session: Session): void;
  answering(life: Life, id: string, verdict: Verdict): void;
  settling(life: Life, id: string, result: Result<SignInNext | null>): void;
  died(life: Life): void;
};

const NOBODY: Watch = { stepped() {}, granting() {}, answering() {}, settling() {}, died() {} };

export type WorldOptions = ProviderSettings & {
  seed: number;
  step?: Stepper | undefined;
  maxLatencyMs?: number | undefined;
};

/** A real timer is late rather than early, and never takes no time at all. */
const LEAST_TIMER_MS = 1;
/** A clock can jump, and a device can sleep, under an armed timer: the machine is asked again before long. */
const LONGEST_TIMER_MS = 60_000;

/** One browser profile, its disk and lock, one provider and one backend; time moves only when told to. */
export class World extends Surroundings {
  readonly lives: Life[] = [];
  readonly boundaries: Boundary[] = [];
  readonly open = new Map<string, Life>();
  readonly verdicts = new Map<string, Verdict>();
  readonly results = new Map<string, Result<SignInNext | null>>();
  readonly random: () => number;
  watch: Watch = NOBODY;
  readonly #step: Stepper;
  readonly #maxLatencyMs: number;
  #ids = 0;

  constructor(options: WorldOptions) {
    super(options);
    this.random = randomFrom(options.seed);
    this.#step = options.step ?? stepSession;
    this.#maxLatencyMs = options.maxLatencyMs ?? 120;
  }

  living(slot: Slot): Life | undefined {
    return this.lives.find((life) => life.alive && life.slot === slot);
  }

  start(slot: Slot): Life {
    const id = ++this.#ids;
    const life: Life = {
      ...{ id, slot, machine: initialMachine, alive: true, wake: undefined, grant: undefined, rejection: undefined },
      ...{ savesUntil: 0, blind: false, storeFailed: false, outdated: false, fuse: 0, restartMs: 0 },
    };
    this.lives.push(life);
    this.dispatch(life, { type: 'started' });
    return life;
  }

  /** The browser ends a worker: nothing runs any more, its lock is free; what it has sent stays sent. */
  kill(life: Life): void {
    life.alive = false;
    this.watch.died(life);
    for (const [id, owner] of this.open) if (owner === life) this.open.delete(id);
    this.lives.splice(this.lives.indexOf(life), 1);
    this.lock.release(life.id);
    this.time.after(life.restartMs, () => this.living(life.slot) ?? this.start(life.slot));
  }

  dispatch(life: Life, event: SessionEvent): void {
    if (!life.alive) return;
    const before = life.machine;
    const step = this.#step(before, event, { now: this.now(), chance: this.random() }, SESSION_POLICY);
    life.machine = step.machine;
    this.watch.stepped(life, event, before, step);
    for (const effect of step.effects) {
      if (!this.#passes(life, `${effect.type} before`)) return;
      this.#perform(life, effect);
    }
    this.#arm(life);
  }

  request(life: Life): string {
    const id = `q${++this.#ids}`;
    this.open.set(id, life);
    this.dispatch(life, { type: 'request', id });
    return id;
  }

  /** The backend has refused a request that carried the token of `generation`. */
  refuse(life: Life, generation: number): string {
    const id = `q${++this.#ids}`;
    this.open.set(id, life);
    this.dispatch(life, { type: 'refused', id, generation });
    return id;
  }

  abandon(life: Life): void {
    for (const [id, owner] of this.open) {
      if (owner !== life || !id.startsWith('q')) continue;
      this.open.delete(id);
      return this.dispatch(life, { type: 'abandoned', id });
    }
  }

  /** A person signs in or out on a page of this worker. */
  order(life: Life, order: { type: 'sign-in'; kind: 'password' | 'ticket' } | { type: 'sign-out' }): string {
    const id = `s${++this.#ids}`;
    this.open.set(id, life);
    if (order.type === 'sign-out') this.dispatch(life, { type: 'sign-out', id });
    else if (order.kind === 'ticket')
      this.dispatch(life, { type: 'sign-in', id, order: { kind: 'ticket', apiKey: 'k' } });
    else this.dispatch(life, { type: 'sign-in', id, order: { kind: 'password', username: 'u', password: 'p' } });
    return id;
  }

  #passes(life: Life, boundary: Boundary): boolean {
    if (!life.alive) return false;
    this.boundaries.push(boundary);
    if (life.fuse > 0 && --life.fuse === 0) this.kill(life);
    return life.alive;
  }

  /** As the host does: one timer, armed anew only when the machine names another time. */
  #arm(life: Life): void {
    if (!life.alive) return;
    const at = wakeAt(life.machine, SESSION_POLICY);
    if (life.wake?.at === at) return;
    const id = ++this.#ids;
    life.wake = at === Infinity ? undefined : { at, id };
    if (!life.wake) return;
    this.time.after(Math.min(LONGEST_TIMER_MS, Math.max(LEAST_TIMER_MS, at - this.now())), () => {
      if (!life.alive || life.wake?.id !== id) return;
      life.wake = undefined;
      this.dispatch(life, { type: 'tick' });
      this.#arm(life);
    });
  }

  #latency(): number {
    return 1 + Math.floor(this.random() * this.#maxLatencyMs);
  }

  /** Work that takes a while: when it is done, and when its answer is known, are two moments. */
  #work(life: Life, effect: SessionEffect['type'], work: () => SessionEvent | undefined, slowMs = 0): void {
    this.time.after(slowMs + this.#latency(), () => {
      if (!life.alive) return;
      const event = work();
      const { erasures } = this.disk;
      if (this.#passes(life, `${effect} done`) && event) {
        this.time.after(this.#latency(), () => {
          // As the host does: what was read may be the only copy now.
          life.outdated = (effect === 'load' || effect === 'lock') && this.disk.erasures !== erasures;
          this.#known(life, effect, event);
          if (!life.outdated) return;
          life.outdated = false;
          this.dispatch(life, { type: 'erased' });
        });
      }
    });
  }

  #known(life: Life, effect: SessionEffect['type'], event: SessionEvent): void {
    this.dispatch(life, event);
    this.#passes(life, `${effect} after`);
  }

  #perform(life: Life, effect: SessionEffect): void {
    switch (effect.type) {
      case 'load':
        return this.#work(life, 'load', () => this.loaded(effect.call), this.disk.slowMs);
      case 'lock':
        return this.lock.request(life.id, () =>
          this.#work(life, 'lock', () => this.locked(life, effect.call), this.disk.slowMs),
        );
      case 'unlock':
        life.grant = undefined;
        return this.lock.release(life.id);
      case 'save':
        return this.#save(life, effect.call, effect.record);
      case 'grant':
        return this.#grant(life, effect.call, effect.session);
      case 'verify':
        return this.#work(life, 'verify', () => this.verified(life, effect.call, effect.kind));
      case 'sign-in':
        return this.#work(life, 'sign-in', () =>
          this.signedIn(effect.call, effect.order.kind === 'ticket' ? 'ticket' : 'password'),
        );
      case 'revoke':
        return this.#work(life, 'revoke', () => this.revoke(effect.session));
      case 'answer':
        this.watch.answering(life, effect.id, effect.verdict);
        this.open.delete(effect.id);
        this.verdicts.set(effect.id, effect.verdict);
        return this.#send(life, effect.id, effect.verdict);
      case 'settle':
        this.watch.settling(life, effect.id, effect.result);
        this.open.delete(effect.id);
        this.results.set(effect.id, effect.result);
    }
  }

  #save(life: Life, call: number, record: SessionRecord): void {
    const at = Math.max(life.savesUntil, this.time.now + this.disk.slowMs + this.#latency());
    life.savesUntil = at;
    this.time.after(at - this.time.now, () => {
      if (!life.alive) return;
      const outcome = this.disk.write(record);
      life.storeFailed ||= outcome === 'failed';
      const event = this.saved(call, outcome);
      if (this.#passes(life, 'save done')) this.time.after(this.#latency(), () => this.#known(life, 'save', event));
    });
  }

  /** What was sent is sent: the server does its work even when the worker that asked is gone. */
  #grant(life: Life, call: number, session: Session): void {
    this.watch.granting(life, session);
    const { refresh } = session.tokens;
    life.grant = { call, refresh };
    const lost: SessionEvent = { type: 'grant-failed', call, problem: UNREACHABLE, unanswered: true };
    const connection = this.connection;
    const bring = (event: SessionEvent, rejection?: Rejection): void => {
      if (!life.alive || life.grant?.call !== call) return;
      life.grant = undefined;
      life.rejection = rejection;
      this.#known(life, 'grant', event);
    };
    this.time.after(this.#latency(), () => {
      if (!this.networkUp) return bring({ ...lost, unanswered: false });
      const answer = this.provider.refresh(refresh ?? '');
      const arrives = this.toLose === 0 && this.provider.mode.kind !== 'hang';
      if (this.toLose > 0) this.toLose--;
      this.#passes(life, 'grant done');
      this.time.after(this.provider.delayMs + this.#latency(), () => {
        if (!arrives || !this.networkUp || connection !== this.connection) return bring(lost);
        if ('issued' in answer) return bring({ type: 'granted', call, grant: this.received(answer.issued) });
        bring({ type: 'grant-failed', call, problem: answer.problem, unanswered: answer.unanswered }, answer.rejection);
      });
    });
  }

  /** The request goes to the backend; a 401 comes back to the machine once. */
  #send(life: Life, id: string, verdict: Verdict): void {
    if (verdict.type !== 'authorized' && verdict.type !== 'anonymous') return;
    const generation = verdict.type === 'authorized' ? verdict.generation : undefined;
    this.time.after(this.#latency(), () => {
      if (!this.networkUp || !life.alive) return;
      const taken =
        !this.refusesAll &&
        (verdict.type === 'anonymous'
          ? this.cookie && this.provider.alive(this.cookie)
          : this.provider.accepts(verdict.token.value));
      if (taken) this.served++;
      else if (generation !== undefined && !id.endsWith('!')) this.#refused(life, `${id}!`, generation);
    });
  }

  #refused(life: Life, id: string, generation: number): void {
    this.open.set(id, life);
    this.dispatch(life, { type: 'refused', id, generation });
  }
}
