import type { Problem } from '../protocol/problem.ts';
import {
  activate,
  and,
  degrade,
  end,
  go,
  release,
  save,
  succeed,
  waitingOf,
} from './session-moves.ts';
import { usable } from './token.ts';
import type { Grant, Machine, Moment, Saved, Session, SessionPolicy, SessionState, Step } from './session-types.ts';

/*
 * One refresh, step by step; each is an effect whose answer carries its call, so a worker may die between any two:
 *
 *   locking → recording → asking → saving → active
 *
 * locking    the Web Lock of the origin is held; the disk is read again inside it
 * recording  the disk says "this token was sent", before it is sent (write-ahead: invariant 12)
 * asking     the token endpoint is asked
 * saving     the new tokens go to the disk before anyone gets them (invariant 3)
 */

type Refreshing = SessionState & { at: 'refreshing' };

/** The disk knows; now the token endpoint is asked. */
export const ask = (machine: Machine, state: Refreshing): Step =>
  go(machine, { ...state, step: 'asking' }, { type: 'grant', call: state.call, session: state.session });

/** What the disk says inside the lock is the truth: another worker may have rotated, or ended the session. */
export const onLocked = (machine: Machine, state: Refreshing, saved: Saved | undefined, at: Moment, policy: SessionPolicy): Step => {
  if (saved && newer(saved, state.session)) return adopt(machine, saved, at, policy);
  const lost = saved?.at === 'session' && saved.session.generation === state.session.generation ? saved.session.unansweredSince : undefined;
  const since = state.session.unansweredSince ?? lost;
  const session = { ...state.session, unansweredSince: since };
  const record: Saved = { at: 'session', session: { ...session, unansweredSince: since ?? at.now } };
  const recording = { ...state, step: 'recording', session } as const;
  return go(machine, recording, { type: 'save', call: state.call, record });
};

const newer = (saved: Saved, session: Session): boolean =>
  (saved.at === 'session' ? saved.session.generation : saved.generation) > session.generation;

/** Another worker was faster: its word counts, and nothing of ours may overwrite it. */
export const adopt = (machine: Machine, saved: Saved, at: Moment, policy: SessionPolicy): Step => {
  const waiting = waitingOf(machine.state);
  const step: Step = { machine: { ...machine, unsaved: undefined }, effects: release(machine.state) };
  if (saved.at === 'session') return after(step, activate(step.machine, saved.session, waiting, at, policy));
  const out = go({ ...step.machine, verifying: undefined, verifiedAt: undefined }, saved);
  return and(after(step, out), ...waiting.map((id) => ({ type: 'answer', id, verdict: { go: 'bare' } }) as const));
};

const after = (first: Step, second: Step): Step => ({ machine: second.machine, effects: [...first.effects, ...second.effects] });

/**
 * A store that cannot take the record will not take the new tokens either. As long as the access token is good
 * there is no need to rotate into the unknown; when it is not, a session in memory beats none (invariant 3).
 */
export const onRecordFailed = (machine: Machine, state: Refreshing, problem: Problem, at: Moment, policy: SessionPolicy): Step => {
  const good = state.access === 'good' && usable(state.session.tokens.access, at.now, policy);
  if (!good) return ask({ ...machine, durability: 'memory' }, state);
  const step = degrade(machine, state.session, state.access, problem, state.waiting, state.attempt + 1, at, policy);
  return and(step, { type: 'unlock' });
};

export const onGranted = (machine: Machine, state: Refreshing, grant: Grant): Step => {
  const { session, call, access, waiting } = state;
  const next = succeed(session, grant);
  const saving: SessionState = { at: 'saving', session, next, call, access, waiting };
  return go(machine, saving, { type: 'save', call, record: { at: 'session', session: next } });
};

export const onGrantFailed = (
  machine: Machine,
  state: Refreshing,
  problem: Problem,
  unanswered: boolean,
  at: Moment,
  policy: SessionPolicy,
): Step => {
  if (problem.code === 'grant-rejected') {
    const lost = state.session.unansweredSince !== undefined;
    return end(machine, 'rejected', lost ? { ...problem, code: 'answer-lost' } : problem);
  }
  const unansweredSince = state.session.unansweredSince ?? (unanswered ? at.now : undefined);
  const session = { ...state.session, unansweredSince };
  const step = degrade(machine, session, state.access, problem, state.waiting, state.attempt + 1, at, policy);
  return and(step, { type: 'unlock' });
};

/** New tokens, from a refresh or a sign-in, are on the disk — or the disk has failed us and memory must do. */
export const onKept = (
  machine: Machine,
  state: SessionState & { at: 'saving' | 'establishing' },
  problem: Problem | undefined,
  at: Moment,
  policy: SessionPolicy,
): Step => {
  const durability = problem ? 'memory' : 'disk';
  const step = activate({ ...machine, durability }, state.next, state.waiting, at, policy);
  const done = and(step, ...release(state));
  return problem ? save(done, { at: 'session', session: state.next }) : done;
};
