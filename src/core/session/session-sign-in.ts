import { failed, ok, type Problem } from '../../protocol/problem.ts';
import type { SignInKind } from '../../protocol/snapshot.ts';
import { noChange, transition, withEffects } from '../machine.ts';
import {
  checksOf,
  generationAfterSignIn,
  generationAfterSignOut,
  end,
  generationOf,
  latestOf,
  release,
  save,
  replaced,
  settle,
  settleUnsaved,
  applyGrant,
  signedOutRecord,
  waitingOf,
  withoutProof,
} from './session-transitions.ts';
import type {
  SessionMachine,
  SessionContext,
  SessionRecord,
  Session,
  SessionEvent,
  SessionState,
  SignInCommand,
  SignInState,
  SessionStep,
  Waiting,
} from './session-types.ts';

/** The kind of session that a sign-in gives. One of the site's own gives tokens, as a password does. */
export const signInKindOf = ({ kind }: SignInCommand): SignInKind => {
  if (kind === 'oidc-callback' || kind === 'import') return 'oidc';
  return kind === 'custom' ? 'password' : kind;
};

type ByUser = Extract<SessionEvent, { type: 'sign-in' | 'sign-out' | 'revocation-refused' }>;

/** The user signs in or out, or the server says what the sign-out could not end there. */
export const onUser = (machine: SessionMachine, event: ByUser, context: SessionContext): SessionStep => {
  switch (event.type) {
    case 'sign-in':
      return onSignIn(machine, event.id, event.command);
    case 'sign-out':
      return onSignOut(machine, event.id, context);
    case 'revocation-refused':
      return onRevocationRefused(machine, event.problem);
  }
};

/** Several tabs may sign in at once. Each call gets its own result. */
const onSignIn = (machine: SessionMachine, id: string | undefined, command: SignInCommand): SessionStep => {
  const call = machine.calls + 1;
  const callback = command.kind === 'oidc-callback';
  const signIn = { call, id, kind: signInKindOf(command), callback } as const;
  const signIns = [...machine.signIns, signIn];
  return {
    machine: { ...machine, calls: call, signIns, signInProblem: undefined },
    effects: [{ type: 'sign-in', call, command }],
  };
};

export const onSignInAnswer = (
  machine: SessionMachine,
  event: Extract<SessionEvent, { type: 'sign-in-redirect' | 'signed-in' | 'sign-in-failed' }>,
  context: SessionContext,
): SessionStep => {
  const signIn = machine.signIns.find(({ call }) => call === event.call);
  if (!signIn) return noChange(machine);
  const rest: SessionMachine = { ...machine, signIns: machine.signIns.filter((other) => other !== signIn) };
  if (event.type === 'sign-in-redirect')
    return withEffects(noChange(rest), ...settle(signIn.id, ok({ type: 'redirect', url: event.url })));
  // The browser has one cookie: that of the last answer, however the sign-ins began.
  if (event.type === 'signed-in' && signIn.overtaken && event.kind !== 'ticket')
    return withEffects(
      noChange(rest),
      { type: 'revoke', session: sessionFrom(event, context.now) },
      ...settle(signIn.id, ok({ type: 'signed-in' })),
    );
  if (event.type === 'signed-in') return establish(rest, event, signIn, context);
  // No caller waits for the result of a callback, so the page shows the problem.
  const shown = signIn.callback ? { ...rest, signInProblem: event.problem } : rest;
  return withEffects(noChange(shown), ...settle(signIn.id, failed(event.problem)));
};

type SignedIn = Extract<SessionEvent, { type: 'signed-in' }>;

const sessionFrom = ({ kind, grant }: SignedIn, now: number): Session =>
  applyGrant({ kind, generation: 0, tokens: {}, startedAt: now }, grant, now);

const establish = (
  machine: SessionMachine,
  event: SignedIn,
  signIn: SignInState,
  { now }: SessionContext,
): SessionStep => {
  const { state } = machine;
  const call = machine.calls + 1;
  const next = { ...sessionFrom(event, now), generation: generationAfterSignIn(generationOf(state), now) };
  const former = [...formerOf(state), latestOf(state)].flatMap((session) => replaced(session, next));
  const ids = [...idsOf(state), ...(signIn.id === undefined ? [] : [signIn.id])];
  const waiting = [...waitingOf(state), ...checksOf(machine.verifying)];
  const establishing: SessionState = { state: 'establishing', next, former, call, ids, waiting };
  const signIns = machine.signIns.map((other) => ({ ...other, overtaken: other.call < signIn.call }));
  const fresh: SessionMachine = { ...withoutProof(machine), calls: call, signIns, signInProblem: undefined };
  const cancellations = settleUnsaved(machine, failed({ code: 'cancelled' }));
  const record: SessionRecord = { state: 'signed-in', session: next };
  return transition(fresh, establishing, ...release(state), ...cancellations, { type: 'save', call, record });
};

const idsOf = (state: SessionState): Waiting => (state.state === 'establishing' ? state.ids : []);
const formerOf = (state: SessionState): readonly Session[] => (state.state === 'establishing' ? state.former : []);

const onSignOut = (machine: SessionMachine, id: string | undefined, { now }: SessionContext): SessionStep => {
  const { state, signIns } = machine;
  const left = {
    ...signedOutRecord(state, 'user', undefined),
    generation: generationAfterSignOut(generationOf(state), now),
  };
  const step = end({ ...machine, signIns: [], signInProblem: undefined }, left, id === undefined ? [] : [id]);
  const latest = latestOf(state);
  const revoked = [...formerOf(state), ...(latest ? [latest] : [])].map(
    (session) => ({ type: 'revoke', session }) as const,
  );
  const open = [...signIns.map((signIn) => signIn.id), ...idsOf(state)];
  return withEffects(step, ...revoked, ...open.flatMap((each) => settle(each, failed({ code: 'cancelled' }))));
};

/** The sign-out stays, and the record says what it could not end, also after a restart. */
const onRevocationRefused = (machine: SessionMachine, problem: Problem): SessionStep => {
  const { state, unsaved } = machine;
  if (state.state !== 'signed-out' || state.reason !== 'user') return noChange(machine);
  const left = { ...state, problem };
  return save(transition(machine, left), left, unsaved?.ids);
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
