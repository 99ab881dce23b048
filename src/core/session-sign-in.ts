import { failed, ok } from '../protocol/problem.ts';
import type { SignInKind } from '../protocol/snapshot.ts';
import { and, end, generationOf, go, release, sessionOf, settle, stay, succeed, waitingOf } from './session-moves.ts';
import type { Grant, Machine, Moment, Saved, Session, SessionEvent, SessionState, SignInOrder, Step } from './session-types.ts';

export const onSignIn = (machine: Machine, id: string | undefined, order: SignInOrder): Step => {
  const call = machine.calls + 1;
  const callback = order.kind === 'oidc-callback';
  const signIn = { call, id, kind: order.kind === 'oidc-callback' ? 'oidc' : order.kind, callback } as const;
  const former = settle(machine.signIn?.id, failed({ code: 'cancelled' }));
  return { machine: { ...machine, calls: call, signIn }, effects: [...former, { type: 'sign-in', call, order }] };
};

export const onSignInAnswer = (machine: Machine, event: Extract<SessionEvent, { type: 'sign-in-redirect' | 'signed-in' | 'sign-in-failed' }>, at: Moment): Step => {
  const { signIn, state } = machine;
  if (!signIn || signIn.call !== event.call) return stay(machine);
  const rest: Machine = { ...machine, signIn: undefined };
  if (event.type === 'sign-in-redirect') return and(stay(rest), ...settle(signIn.id, ok({ type: 'redirect', url: event.url })));
  if (event.type === 'signed-in') return establish(rest, event.kind, event.grant, signIn.id, at);
  // Nobody asked for a callback's answer: what went wrong is shown where one can sign in.
  const shown = signIn.callback && state.at === 'signed-out' ? { ...state, problem: event.problem } : state;
  return and(stay({ ...rest, state: shown }), ...settle(signIn.id, failed(event.problem)));
};

const establish = (machine: Machine, kind: SignInKind, grant: Grant, id: string | undefined, { now }: Moment): Step => {
  const { state } = machine;
  const call = machine.calls + 1;
  const before: Session = { kind, generation: generationOf(state), tokens: {}, startedAt: now };
  const next = succeed(before, grant);
  const former = sessionOf(state);
  const left = former ? [{ type: 'revoke', session: former } as const] : [];
  const establishing: SessionState = { at: 'establishing', next, call, id, waiting: waitingOf(state) };
  const fresh: Machine = { ...machine, calls: call, unsaved: undefined, verifying: undefined, verifiedAt: undefined };
  return go(fresh, establishing, ...release(state), ...left, { type: 'save', call, record: { at: 'session', session: next } });
};

export const onSignOut = (machine: Machine, id: string | undefined): Step => {
  const { state, signIn } = machine;
  const session = state.at === 'establishing' ? state.next : sessionOf(state);
  const cancelled = settle(signIn?.id, failed({ code: 'cancelled' }));
  const step = end({ ...machine, signIn: undefined }, 'user', undefined);
  const established = state.at === 'establishing' ? settle(state.id, failed({ code: 'cancelled' })) : [];
  const revoke = session ? [{ type: 'revoke', session } as const] : [];
  return and(step, ...revoke, ...cancelled, ...established, ...settle(id, ok(null)));
};

/** The disk holds a newer session than the one that this sign-in replaces: a person's will comes after it all the same. */
export const onEstablishSuperseded = (machine: Machine, state: SessionState & { at: 'establishing' }, saved: Saved): Step => {
  const generation = (saved.at === 'session' ? saved.session.generation : saved.generation) + 1;
  const next = { ...state.next, generation };
  const left = saved.at === 'session' ? [{ type: 'revoke', session: saved.session } as const] : [];
  return go(machine, { ...state, next }, ...left, { type: 'save', call: state.call, record: { at: 'session', session: next } });
};
