import { VERIFY_BACKOFF } from '../../protocol/timing/backoff.ts';
import { noChange, withEffects } from '../machine.ts';
import { answerAll, sessionOf } from './session-transitions.ts';
import { isDue, tokenGeneration } from './token-expiry.ts';
import type { SessionMachine, SessionContext, SessionState, SessionStep, Waiting } from './session-types.ts';

/** Requests a proof of this session from the application's backend, one request at a time. */
export const verifyNow = (step: SessionStep, checks: Waiting = []): SessionStep => {
  const { machine } = step;
  const { verifying } = machine;
  const session = sessionOf(machine.state);
  if (!session) return withEffects(step, ...answerAll(checks, { type: 'passThrough' }));
  if (verifying?.state === 'pending') {
    const late = [...verifying.late, ...checks];
    return { ...step, machine: { ...machine, verifying: { ...verifying, rerun: true, late } } };
  }
  const call = machine.calls + 1;
  const { kind } = session;
  const generation = tokenGeneration(session);
  const attempt = verifying?.attempt ?? 0;
  const pending = { state: 'pending', call, generation, rerun: false, attempt, checks, late: [] } as const;
  return withEffects(
    { ...step, machine: { ...machine, calls: call, verifying: pending } },
    { type: 'verify', call, kind },
  );
};

/** Twice a minute is enough for a backend that refuses to say whether the cookie session lives. */
export const isVerifiedEnough = ({ verifying }: SessionMachine, { now }: SessionContext): boolean =>
  verifying?.state === 'backoff' && verifying.isRefused && now < verifying.retryAt;

/** Judges the 401 of these requests: does the backend still accept the token? */
export const checkNow = (machine: SessionMachine, ids: Waiting): SessionStep => verifyNow(noChange(machine), ids);

/** Drops the backoff, because earlier failures say nothing about an attempt under new conditions. */
export const forgetFailures = (machine: SessionMachine): SessionMachine =>
  machine.verifying?.state === 'backoff' ? { ...machine, verifying: undefined } : machine;

/** The network can fail after the browser fires `online`, so a verification without a proof is repeated. */
export const verifyDue = (step: SessionStep, { now }: SessionContext): SessionStep => {
  const { verifying, state } = step.machine;
  const due = verifying?.state === 'backoff' && isDue(verifying.retryAt, VERIFY_BACKOFF.capMs, now);
  return due && (state.state === 'active' || isUnrenewable(state)) ? verifyNow(step) : step;
};

/** Only the backend can say whether such a session still works, because there is nothing to refresh it with. */
export const isUnrenewable = (state: SessionState): boolean =>
  state.state === 'sign-in-required' && state.session.tokens.refresh === undefined;
