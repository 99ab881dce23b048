import type { Moment } from '../../../src/core/machine.ts';
import { stepSession } from '../../../src/core/session/session.ts';
import { end, generationOf, signedOutRecord } from '../../../src/core/session/session-transitions.ts';
import type {
  SessionMachine,
  SessionEffect,
  SessionEvent,
  SessionStep,
} from '../../../src/core/session/session-types.ts';
import type { SessionPolicy } from '../../../src/core/session-policy.ts';
import { hasEnded } from '../../../src/core/session/token-expiry.ts';
import type { Invariant } from './session-end-check.ts';
import type { Stepper } from './session-world.ts';

/** A machine with one mistake, and the invariant whose test must detect it. */
export type Mutant = { invariant: Invariant; name: string; step: Stepper };

type Rewrite = (event: SessionEvent, machine: SessionMachine, at: Moment) => SessionEvent | undefined;
type Cause = { event: SessionEvent; before: SessionMachine; at: Moment; policy: SessionPolicy };
type Spoil = (step: SessionStep, cause: Cause) => SessionStep;

/** Changes the event before the machine receives it. `undefined` drops it. */
const receives =
  (rewrite: Rewrite): Stepper =>
  (machine, event, at, policy) => {
    const received = rewrite(event, machine, at);
    return received ? stepSession(machine, received, at, policy) : { machine, effects: [] };
  };

/** Changes the machine's step. */
const damages =
  (spoil: Spoil): Stepper =>
  (machine, event, at, policy) =>
    spoil(stepSession(machine, event, at, policy), { event, before: machine, at, policy });

const only = (step: SessionStep, keep: (effect: SessionEffect) => boolean): SessionStep => ({
  ...step,
  effects: step.effects.filter(keep),
});
const plus = (step: SessionStep, ...effects: SessionEffect[]): SessionStep => ({
  ...step,
  effects: [...step.effects, ...effects],
});
const then = (first: SessionStep, event: SessionEvent, at: Moment, policy: SessionPolicy): SessionStep => {
  const second = stepSession(first.machine, event, at, policy);
  return { machine: second.machine, effects: [...first.effects, ...second.effects] };
};

const REJECTED = { code: 'grant-rejected', at: '/token', status: 400, error: 'invalid_grant' } as const;
const ODD = { code: 'unexpected-answer', at: '/token', status: 200, detail: 'no access token' } as const;

/** Requests shorten the pause after a failure. */
export const impatient: Stepper = damages((step, { event, at, policy }) =>
  event.type === 'request' && step.machine.state.state === 'degraded'
    ? then(step, { type: 'nudge', cause: 'user' }, at, policy)
    : step,
);

export const MUTANTS: readonly Mutant[] = [
  {
    invariant: 1,
    name: 'refreshes without the lock',
    step: damages((step, { at, policy }) => {
      const lock = step.effects.find((effect) => effect.type === 'lock');
      if (lock?.type !== 'lock') return step;
      return then(
        only(step, (effect) => effect !== lock),
        { type: 'locked', call: lock.call, saved: undefined },
        at,
        policy,
      );
    }),
  },
  {
    invariant: 1,
    name: 'sends a second token request when a request arrives during the first',
    step: damages((step, { event, before: { state } }) => {
      if (event.type !== 'request' || state.state !== 'refreshing' || state.step !== 'requesting') return step;
      return plus(step, { type: 'grant', call: state.call, session: state.session });
    }),
  },
  {
    invariant: 2,
    name: 'treats a lost answer as a rejection',
    step: receives((event) =>
      event.type === 'grant-failed' ? { ...event, problem: REJECTED, unanswered: false } : event,
    ),
  },
  {
    invariant: 3,
    name: 'ignores the deletion of the database [mutant-deletion-missed]',
    step: receives((event) => (event.type === 'erased' ? undefined : event)),
  },
  {
    invariant: 3,
    name: 'ignores the deletion of the database unless it is active or degraded',
    step: receives((event, { state }) =>
      event.type === 'erased' && state.state !== 'active' && state.state !== 'degraded' ? undefined : event,
    ),
  },
  {
    invariant: 2,
    name: 'treats an unreadable store as an empty one',
    step: receives((event) =>
      event.type === 'load-failed' ? { type: 'loaded', call: event.call, saved: undefined } : event,
    ),
  },
  {
    invariant: 2,
    name: 'ends a session by the clock of the device',
    step: (machine, event, at, policy) => {
      const { state } = machine;
      if (event.type !== 'tick' || state.state !== 'active' || !hasEnded(state.session, at.now))
        return stepSession(machine, event, at, policy);
      return end(machine, signedOutRecord(state, 'expired', { code: 'lifetime-over', endedAt: at.now }));
    },
  },
  {
    invariant: 2,
    name: 'signs out after three failures',
    step: damages((step) => {
      const { state } = step.machine;
      return state.state === 'degraded' && state.attempt >= 3
        ? end(step.machine, signedOutRecord(state, 'rejected', REJECTED))
        : step;
    }),
  },
  {
    invariant: 2,
    name: 'ends a session without a last look at the disk',
    step: damages((step, { event, at, policy }) => {
      const { state } = step.machine;
      if (event.type !== 'grant-failed' || state.state !== 'ending') return step;
      return then(
        only(step, (effect) => effect.type !== 'save'),
        { type: 'saved', call: state.call },
        at,
        policy,
      );
    }),
  },
  {
    invariant: 3,
    name: 'sends tokens before they are saved',
    step: damages((step, { at, policy }) => {
      const { state } = step.machine;
      return state.state === 'saving' ? then(step, { type: 'saved', call: state.call }, at, policy) : step;
    }),
  },
  {
    invariant: 3,
    name: 'does not report a failed store',
    step: damages((step) => ({ ...step, machine: { ...step.machine, durability: 'disk' } })),
  },
  {
    invariant: 3,
    name: 'reports "signed out" before the disk has it',
    step: damages((step, { event }) => {
      const { unsaved } = step.machine;
      if (event.type !== 'sign-out' || event.id === undefined || !unsaved) return step;
      const settled: SessionStep = { ...step, machine: { ...step.machine, unsaved: { ...unsaved, ids: [] } } };
      return plus(settled, { type: 'settle', id: event.id, result: { ok: true, value: null } });
    }),
  },
  {
    invariant: 4,
    name: 'answers only the first waiting request',
    step: damages((step, { event }) => {
      const first = step.effects.find((effect) => effect.type === 'answer');
      return event.type === 'saved' ? only(step, (effect) => effect.type !== 'answer' || effect === first) : step;
    }),
  },
  {
    invariant: 4,
    name: 'answers abandoned requests',
    step: receives((event) => (event.type === 'abandoned' ? undefined : event)),
  },
  {
    invariant: 4,
    name: 'answers each request twice',
    step: damages((step, { event }) =>
      event.type === 'saved' ? plus(step, ...step.effects.filter((effect) => effect.type === 'answer')) : step,
    ),
  },
  {
    invariant: 4,
    name: 'never settles the first of the sign-ins that a session establishes',
    step: damages((step, { before: { state } }) => {
      const overtaken =
        step.machine.state.state === 'active' && state.state === 'establishing' ? state.ids[0] : undefined;
      return only(step, (effect) => effect.type !== 'settle' || effect.id !== overtaken);
    }),
  },
  {
    invariant: 5,
    name: 'treats a 401 for an older token as one for the newest',
    step: receives((event, { state }) =>
      event.type === 'refused' ? { ...event, generation: generationOf(state) } : event,
    ),
  },
  {
    invariant: 8,
    name: 'signs out when a socket is closed',
    step: receives((event) => (event.type === 'suspected' ? { type: 'sign-out', id: undefined } : event)),
  },
  {
    invariant: 8,
    name: 'revokes when a socket is closed',
    step: damages((step, { event, before: { state } }) =>
      event.type === 'suspected' && 'session' in state ? plus(step, { type: 'revoke', session: state.session }) : step,
    ),
  },
  {
    invariant: 9,
    name: 'does not try again after a failure',
    step: receives((event, { state }) => (event.type === 'tick' && state.state === 'degraded' ? undefined : event)),
  },
  {
    invariant: 9,
    name: 'waits for the clock after it was set back',
    step: receives((event, { state }, { now }) =>
      event.type === 'tick' && state.state === 'degraded' && now < state.nextTryAt ? undefined : event,
    ),
  },
  {
    invariant: 9,
    name: 'never reads an unreadable disk again',
    step: damages((step) => {
      const { state } = step.machine;
      return state.state === 'signed-out'
        ? { ...step, machine: { ...step.machine, state: { ...state, lookAgainAt: undefined } } }
        : step;
    }),
  },
  {
    invariant: 9,
    name: 'does not repeat a failed write',
    step: damages((step, { event }) =>
      event.type === 'save-failed' ? { ...step, machine: { ...step.machine, unsaved: undefined } } : step,
    ),
  },
  {
    invariant: 2,
    name: 'revokes the cookie session that a second sign-in has just renewed',
    step: damages((step, { event, before: { state } }) => {
      const former =
        event.type === 'signed-in' && event.kind === 'ticket' && 'session' in state ? state.session : undefined;
      return former?.kind === 'ticket' ? plus(step, { type: 'revoke', session: former }) : step;
    }),
  },
  {
    invariant: 12,
    name: 'sends a token without a write-ahead record',
    step: damages((step) => ({
      ...step,
      effects: step.effects.map((effect) => {
        if (effect.type !== 'save' || effect.record.state !== 'signed-in') return effect;
        return {
          ...effect,
          record: { state: 'signed-in', session: { ...effect.record.session, refreshSentAt: undefined } },
        };
      }),
    })),
  },
  {
    invariant: 3,
    name: 'drops a refresh token that arrives without an access token',
    step: receives((event) =>
      event.type === 'granted' && !event.grant.access
        ? { type: 'grant-failed', call: event.call, problem: ODD, unanswered: false }
        : event,
    ),
  },
  {
    invariant: 12,
    name: 'ignores the records of other workers',
    step: receives((event, { state }) => {
      if (event.type === 'locked') return { ...event, saved: undefined };
      const blind = event.type === 'superseded' && state.state === 'refreshing';
      return blind ? { type: 'saved', call: event.call } : event;
    }),
  },
  {
    invariant: 12,
    name: 'forgets that an answer was lost',
    step: receives((event) => (event.type === 'grant-failed' ? { ...event, unanswered: false } : event)),
  },
  {
    invariant: 13,
    name: 'does not read a record that another worker has written',
    step: receives((event) => (event.type === 'record-changed' ? undefined : event)),
  },
  {
    invariant: 13,
    name: 'reads a newer record and keeps the older one',
    step: receives((event, { state }) =>
      event.type === 'loaded' && state.state !== 'starting' ? { ...event, saved: undefined } : event,
    ),
  },
  {
    invariant: 'early-refresh',
    name: 'makes each request wait for a refresh',
    step: (machine, event, at, policy) => {
      const { state } = machine;
      if (event.type !== 'request' || state.state !== 'refreshing') return stepSession(machine, event, at, policy);
      return { machine: { ...machine, state: { ...state, waiting: [...state.waiting, event.id] } }, effects: [] };
    },
  },
  {
    invariant: 'early-refresh',
    name: 'fails requests as soon as a refresh has failed',
    step: (machine, event, at, policy) => {
      const { state } = machine;
      if (event.type !== 'request' || state.state !== 'degraded') return stepSession(machine, event, at, policy);
      return {
        machine,
        effects: [{ type: 'answer', id: event.id, verdict: { type: 'fail', problem: state.problem } }],
      };
    },
  },
  {
    invariant: 14,
    name: 'takes an attempt for a success',
    step: damages((step) => {
      const { state } = step.machine;
      return state.state === 'refreshing'
        ? { ...step, machine: { ...step.machine, state: { ...state, failed: undefined } } }
        : step;
    }),
  },
  {
    invariant: 14,
    name: 'shows no trouble while a proxy redirects the check of the backend',
    step: receives((event) =>
      event.type === 'verify-failed' && event.problem.code === 'redirect-refused'
        ? { ...event, problem: { code: 'network-unreachable', at: '/whoami' } }
        : event,
    ),
  },
  {
    invariant: 2,
    name: 'takes a redirected check for the end of the session',
    step: damages((step, { event }) => {
      if (event.type !== 'verify-failed' || event.problem.code !== 'redirect-refused') return step;
      if (step.machine.state.state !== 'active') return step;
      const left = signedOutRecord(step.machine.state, 'rejected', event.problem);
      const ended = end(step.machine, left);
      return { machine: ended.machine, effects: [...step.effects, ...ended.effects] };
    }),
  },
  {
    invariant: 'pauses',
    name: 'starts an attempt for each waiting request',
    step: impatient,
  },
  {
    invariant: 'pauses',
    name: 'asks a provider that needs the person again whenever a page becomes visible',
    step: damages((step, { event, before, at, policy }) =>
      event.type === 'nudge' && before.state.state === 'sign-in-required'
        ? then(step, { type: 'nudge', cause: 'user' }, at, policy)
        : step,
    ),
  },
];
