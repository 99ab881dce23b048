import { performance } from 'node:perf_hooks';
import { initialMachine, stepSession } from '../src/core/session/session.ts';
import { SESSION_POLICY } from '../src/core/session-policy.ts';
import type { SessionMachine, Session } from '../src/core/session/session-types.ts';

/** Measures one step of the session machine for a request with a valid token. Every authorized request takes it. */
const STEPS = 2_000_000;
const ROUNDS = 5;
const NOW = 1_750_000_000_000;
const LIFETIME_MS = 3_600_000;

const session: Session = {
  kind: 'password',
  generation: 1,
  startedAt: NOW,
  tokens: { access: { value: 'a', scheme: 'Bearer', issuedAt: NOW, expiresAt: NOW + LIFETIME_MS }, refresh: 'r' },
};
const warm: SessionMachine = { ...initialMachine, state: { state: 'active', session } };
const at = { now: NOW, chance: 0 };

/** Nanoseconds per step. Counts the effects, so that the engine cannot optimize the step away. */
const round = (): number => {
  const started = performance.now();
  let answers = 0;
  for (let step = 0; step < STEPS; step++) {
    answers += stepSession(warm, { type: 'request', id: 'q' }, at, SESSION_POLICY).effects.length;
  }
  if (answers !== STEPS) throw new Error(`${answers} effects for ${STEPS} requests`);
  return ((performance.now() - started) * 1e6) / STEPS;
};

const rounds = Array.from({ length: ROUNDS }, round).toSorted((a, b) => a - b);
process.stdout.write(
  `session step, warm request: ${rounds[Math.floor(ROUNDS / 2)]?.toFixed(0)} ns (median of ${ROUNDS})\n`,
);
