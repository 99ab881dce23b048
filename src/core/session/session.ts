import { failed, ok } from '../../protocol/problem.ts';
import { noChange, transition, withEffects, type Moment } from '../machine.ts';
import { generationAfterSignOut, generationOf, latestOf, save, settle, settleUnsaved } from './session-transitions.ts';
import {
  adopt,
  requestTokens,
  newer,
  onEnded,
  onGranted,
  onGrantFailed,
  onTokensSaved,
  onLocked,
  onStoreFailed,
} from './session-refresh.ts';
import { onVerify } from './session-proof.ts';
import { onRequest, onSuspected, onRequestRefused } from './session-requests.ts';
import { onEstablishSuperseded, onSignInAnswer, onUser } from './session-sign-in.ts';
import { load, onLoaded, onLoadFailed, onRecordChanged, onRestored } from './session-start.ts';
import { onResourceEvent, serveResources, withoutResourceRequest } from './session-resources.ts';
import { onNudge, onTab, onTick } from './session-time.ts';
import { verifyNow } from './session-verify.ts';
import type {
  SessionMachine,
  SessionContext,
  SessionRecord,
  SessionEvent,
  SessionState,
  SessionStep,
  Waiting,
} from './session-types.ts';
import { SESSION_POLICY, type SessionPolicy } from '../session-policy.ts';

/*
 * The session. These invariants hold for all events in any order (docs/invariants.md has all of them):
 *  1. At most one refresh is in flight. It starts with the origin's lock.
 *  2. It ends for three reasons only: the user, `invalid_grant` for the current token, the declared lifetime.
 *     Each end goes through `leave`. Either `end` writes it to the disk, or the disk has it already.
 *  3. No request gets a token before it is on the disk, unless the disk fails. Then `durability` reports it.
 *  4. Each request gets exactly one answer.
 *  5. After a 401 for an older token, the request gets the newer token, without a refresh.
 *  9. When disk, network and provider work again, the session becomes active without help.
 * 12. A refresh without an answer is sent again with the same token. The disk has a record that it was sent.
 * 18. A resource gets its own token only, and what the provider says of a resource ends no session.
 */

export const initialMachine: SessionMachine = {
  state: { state: 'starting', call: 0, attempt: 0, waiting: [] },
  signIns: [],
  signInProblem: undefined,
  verifying: undefined,
  verifiedAt: undefined,
  provenGeneration: undefined,
  refusedProblem: undefined,
  doubt: { count: 0, generation: 0, until: 0 },
  durability: 'disk',
  unsaved: undefined,
  answeredRefreshSentAt: undefined,
  unauthorizedBudget: { left: SESSION_POLICY.unauthorizedBurst, at: 0 },
  resourceRequests: [],
  resourcePauses: {},
  calls: 0,
};

/** The only function that decides anything about a session. It is pure: the same arguments give the same result. */
export const stepSession = (
  machine: SessionMachine,
  event: SessionEvent,
  at: Moment,
  policy: SessionPolicy,
): SessionStep => {
  const context = { ...at, policy };
  return serveResources(onEvent(machine, event, context), context);
};

const onEvent = (machine: SessionMachine, event: SessionEvent, context: SessionContext): SessionStep => {
  switch (event.type) {
    case 'started':
      return load(machine, 0);
    case 'loaded':
      return onLoaded(machine, event, context);
    case 'load-failed':
      return onLoadFailed(machine, event, context);
    case 'request':
    case 'refused':
    case 'refused-again':
      return onRequestEvent(machine, event, context);
    case 'abandoned':
      return onAbandoned(machine, event.id);
    case 'locked':
    case 'saved':
    case 'save-failed':
    case 'superseded':
    case 'granted':
    case 'grant-failed':
      return onAnswer(machine, event, context);
    case 'verified':
    case 'verify-failed':
      return onVerify(machine, event, context);
    case 'tick':
      return onTick(machine, context);
    case 'nudge':
      return onNudge(machine, event.cause, context);
    case 'tab-expected':
    case 'tab-arrived':
      return onTab(machine, event, context);
    case 'restored':
      return onRestored(machine);
    case 'record-changed':
      return onRecordChanged(machine);
    case 'erased':
      return onErased(machine);
    case 'suspected':
      return onSuspected(machine, event.generation, context);
    case 'sign-in-redirect':
    case 'signed-in':
    case 'sign-in-failed':
      return onSignInAnswer(machine, event, context);
    case 'sign-in':
    case 'sign-out':
    case 'revocation-refused':
      return onUser(machine, event, context);
  }
};

const onRequestEvent = (
  machine: SessionMachine,
  event: Extract<SessionEvent, { type: 'request' | 'refused' | 'refused-again' }>,
  context: SessionContext,
): SessionStep => {
  if (event.resource !== undefined) return onResourceEvent(machine, event, event.resource, context);
  return event.type === 'request' ? onRequest(machine, event.id, context) : onRequestRefused(machine, event, context);
};

const onAbandoned = (known: SessionMachine, id: string): SessionStep => {
  const machine = withoutResourceRequest(known, id);
  const { state, verifying } = machine;
  const without = (ids: Waiting): Waiting => ids.filter((other) => other !== id);
  const rest =
    verifying?.state === 'pending'
      ? { ...machine, verifying: { ...verifying, checks: without(verifying.checks), late: without(verifying.late) } }
      : machine;
  return noChange('waiting' in state ? { ...rest, state: { ...state, waiting: without(state.waiting) } } : rest);
};

/** The record that belongs on the disk. `undefined` before the disk is read. */
const recordOf = (state: SessionState): SessionRecord | undefined => {
  // An end is also written again, because another worker may not know it yet.
  if (state.state === 'signed-out') return state.reason === 'never' ? undefined : state;
  if (state.state === 'ending') return state.left;
  const session = latestOf(state);
  if (state.state === 'refreshing')
    return { state: 'signed-in', session: { ...state.session, refreshSentAt: state.recorded } };
  return session && { state: 'signed-in', session };
};

/** A write in flight may have finished before the deletion, so its result no longer counts. */
const onErased = (machine: SessionMachine): SessionStep => {
  const { state } = machine;
  const record = recordOf(state);
  // The refresh reads and writes the disk after it has the lock.
  if (!record || (state.state === 'refreshing' && state.step === 'locking')) return noChange(machine);
  if (!('call' in state) || (state.state === 'refreshing' && state.step === 'requesting'))
    return save(noChange(machine), record, machine.unsaved?.ids);
  const call = machine.calls + 1;
  return transition({ ...machine, calls: call }, { ...state, call }, { type: 'save', call, record });
};

// ---- results of the refresh and of the disk

type Answer = Extract<
  SessionEvent,
  { type: 'locked' | 'saved' | 'save-failed' | 'superseded' | 'granted' | 'grant-failed' }
>;

const onAnswer = (machine: SessionMachine, event: Answer, context: SessionContext): SessionStep => {
  const { state } = machine;
  if (machine.unsaved?.call === event.call) return onUnsavedAnswer(machine, event, context);
  if (!('call' in state) || state.call !== event.call) return noChange(machine);
  if (event.type === 'superseded') return onSuperseded(machine, event.saved, context);
  if (state.state === 'refreshing') return onRefreshAnswer(machine, state, event, context);
  if (state.state === 'starting' || (event.type !== 'saved' && event.type !== 'save-failed')) return noChange(machine);
  if (state.state === 'ending') return onEnded(machine, state, event.type === 'saved');
  const step = onTokensSaved(machine, state, event.type === 'saved' ? undefined : event.problem, context);
  if (state.state === 'saving') return step;
  const left = state.former.map((session) => ({ type: 'revoke', session }) as const);
  return verifyNow(withEffects(step, ...left, ...state.ids.flatMap((id) => settle(id, ok({ type: 'signed-in' })))));
};

const onSuperseded = (machine: SessionMachine, saved: SessionRecord, context: SessionContext): SessionStep => {
  const { state } = machine;
  if (state.state === 'establishing') return onEstablishSuperseded(machine, state, saved, context);
  const step = adopt(machine, saved, context);
  // Another worker signed out during this refresh, so the new tokens must be revoked.
  return state.state === 'saving' && saved.state === 'signed-out'
    ? withEffects(step, { type: 'revoke', session: state.next })
    : step;
};

const onRefreshAnswer = (
  machine: SessionMachine,
  state: SessionState & { state: 'refreshing' },
  event: Answer,
  context: SessionContext,
): SessionStep => {
  switch (state.step) {
    case 'locking':
      return event.type === 'locked' ? onLocked(machine, state, event, context) : noChange(machine);
    case 'recording':
      // The disk has this session now. An unsaved record is older.
      if (event.type === 'saved') return requestTokens({ ...machine, unsaved: undefined, durability: 'disk' }, state);
      return event.type === 'save-failed' ? onStoreFailed(machine, state, event.problem, context) : noChange(machine);
    case 'requesting':
      if (event.type === 'granted') return onGranted(machine, state, event.grant, context);
      return event.type === 'grant-failed' ? onGrantFailed(machine, state, event, context) : noChange(machine);
  }
};

const onUnsavedAnswer = (machine: SessionMachine, event: Answer, context: SessionContext): SessionStep => {
  const { unsaved } = machine;
  if (event.type === 'saved') return withEffects(saved(machine), ...settleUnsaved(machine, ok(null)));
  if (event.type === 'superseded') return onUnsavedSuperseded(machine, event.saved, context);
  if (event.type !== 'save-failed' || !unsaved) return noChange(machine);
  const later = { ...unsaved, retryAt: context.now + context.policy.saveRetryMs, ids: [] };
  return withEffects(
    noChange({ ...machine, unsaved: later, durability: 'memory' }),
    ...settleUnsaved(machine, failed(event.problem)),
  );
};

const saved = (machine: SessionMachine): SessionStep =>
  noChange({ ...machine, unsaved: undefined, durability: 'disk' });

/** A user's sign-out wins over another worker's newer session. Any other end concerns an older token. */
const onUnsavedSuperseded = (machine: SessionMachine, there: SessionRecord, context: SessionContext): SessionStep => {
  const { unsaved, state } = machine;
  const record = unsaved?.record;
  if (record?.state === 'signed-out' && record.reason === 'user' && there.state === 'signed-in') {
    const left = { ...record, generation: generationAfterSignOut(there.session.generation, context.now) };
    return save(transition(machine, left, { type: 'revoke', session: there.session }), left, unsaved?.ids);
  }
  const step = newer(there, generationOf(state)) ? adopt(machine, there, context) : saved(machine);
  return withEffects(step, ...settleUnsaved(machine, ok(null)));
};
