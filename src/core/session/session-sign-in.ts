import { failed, ok } from '../../protocol/problem.ts';
import { noChange, transition, withEffects } from '../machine.ts';
import {
  generationAfterSignIn,
  generationAfterSignOut,
  end,
  generationOf,
  latestOf,
  release,
  replaced,
  settle,
  settleUnsaved,
  applyGrant,
  signedOutRecord,
  waitingOf,
} from './session-transitions.ts';
import type {
  SessionMachine,
  SessionContext,
  SessionRecord,
  Session,
  SessionEvent,
  SessionState,
  SignInCommand,
  SessionStep,
} from './session-types.ts';

export const onSignIn = (machine: SessionMachine, id: string | undefined, command: SignInCommand): SessionStep => {
  const call = machine.calls + 1;
  const callback = command.kind === 'oidc-callback';
  const signIn = { call, id, kind: command.kind === 'oidc-callback' ? 'oidc' : command.kind, callback } as const;
  const former = settle(machine.signIn?.id, failed({ code: 'cancelled' }));
  return { machine: { ...machine, calls: call, signIn }, effects: [...former, { type: 'sign-in', call, command }] };
};

export const onSignInAnswer = (
  machine: SessionMachine,
  event: Extract<SessionEvent, { type: 'sign-in-redirect' | 'signed-in' | 'sign-in-failed' }>,
  context: SessionContext,
): SessionStep => {
  const { signIn, state } = machine;
  if (!signIn || signIn.call !== event.call) return noChange(machine);
  const rest: SessionMachine = { ...machine, signIn: undefined };
  if (event.type === 'sign-in-redirect')
    return withEffects(noChange(rest), ...settle(signIn.id, ok({ type: 'redirect', url: event.url })));
  if (event.type === 'signed-in') return establish(rest, event, signIn.id, context);
  // No caller waits for the result of a callback, so the sign-in page shows the problem.
  const shown = signIn.callback && state.state === 'signed-out' ? { ...state, problem: event.problem } : state;
  return withEffects(noChange({ ...rest, state: shown }), ...settle(signIn.id, failed(event.problem)));
};

const establish = (
  machine: SessionMachine,
  { kind, grant }: SessionEvent & { type: 'signed-in' },
  id: string | undefined,
  { now }: SessionContext,
): SessionStep => {
  const { state } = machine;
  const call = machine.calls + 1;
  const before: Session = { kind, generation: 0, tokens: {}, startedAt: now };
  const next = { ...applyGrant(before, grant, now), generation: generationAfterSignIn(generationOf(state), now) };
  const former = [...formerOf(state), latestOf(state)].flatMap((session) => replaced(session, next));
  const establishing: SessionState = { state: 'establishing', next, former, call, id, waiting: waitingOf(state) };
  const fresh: SessionMachine = {
    ...machine,
    calls: call,
    unsaved: undefined,
    verifying: undefined,
    verifiedAt: undefined,
  };
  const cancelled = failed({ code: 'cancelled' });
  const cancellations = [...settle(idOf(state), cancelled), ...settleUnsaved(machine, cancelled)];
  const record: SessionRecord = { state: 'signed-in', session: next };
  return transition(fresh, establishing, ...release(state), ...cancellations, { type: 'save', call, record });
};

const idOf = (state: SessionState): string | undefined => (state.state === 'establishing' ? state.id : undefined);
const formerOf = (state: SessionState): readonly Session[] => (state.state === 'establishing' ? state.former : []);

export const onSignOut = (machine: SessionMachine, id: string | undefined, { now }: SessionContext): SessionStep => {
  const { state, signIn } = machine;
  const left = {
    ...signedOutRecord(state, 'user', undefined),
    generation: generationAfterSignOut(generationOf(state), now),
  };
  const step = end({ ...machine, signIn: undefined }, left, id === undefined ? [] : [id]);
  const latest = latestOf(state);
  const revoked = [...formerOf(state), ...(latest ? [latest] : [])].map(
    (session) => ({ type: 'revoke', session }) as const,
  );
  const cancelled = failed({ code: 'cancelled' });
  return withEffects(step, ...revoked, ...settle(signIn?.id, cancelled), ...settle(idOf(state), cancelled));
};

/** The disk has a newer session than the one that this sign-in replaces. The user's action still wins over it. */
export const onEstablishSuperseded = (
  machine: SessionMachine,
  state: SessionState & { state: 'establishing' },
  saved: SessionRecord,
  { now }: SessionContext,
): SessionStep => {
  const generation = generationAfterSignIn(
    saved.state === 'signed-in' ? saved.session.generation : saved.generation,
    now,
  );
  const next = { ...state.next, generation };
  const former = [...state.former, ...(saved.state === 'signed-in' ? replaced(saved.session, next) : [])];
  const record: SessionRecord = { state: 'signed-in', session: next };
  return transition(machine, { ...state, next, former }, { type: 'save', call: state.call, record });
};
