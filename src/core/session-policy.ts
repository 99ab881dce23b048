import { REFRESH_BACKOFF, REFRESH_OUTAGE_CAP_MS } from '../protocol/timing/backoff.ts';

/** Durations in milliseconds. */
export type SessionPolicy = {
  /** A token is not used this close to its expiry. */
  marginMs: number;
  /** Refresh before expiry by this share of the token's lifetime, at most `renewLeadMaxMs`. */
  renewLeadShare: number;
  renewLeadMaxMs: number;
  /** A token younger than this is used even if it has expired, so that no refresh storm starts. */
  minAgeMs: number;
  retryBaseMs: number;
  retryCapMs: number;
  /** After this many failures in a row, the cap is `patientCapMs`. */
  patientAfter: number;
  patientCapMs: number;
  /** Minimum time between two attempts that nudges start. */
  minTryMs: number;
  misconfiguredRetryMs: number;
  /** How long a request waits for a token. */
  patienceMs: number;
  /** The pause before the next attempt while a person is needed. */
  personRetryMs: number;
  /** So many refusals without a reason in a row, over at least `refusalMs`, mean that a person is needed. */
  refusalTries: number;
  /** The pause between two attempts while the endpoint refuses. */
  refusalRetryMs: number;
  refusalMs: number;
  /** How long a refused replay makes 401s doubtful. It doubles with each one, up to `doubtCapMs`. */
  doubtMs: number;
  doubtCapMs: number;
  loadRetryMs: number;
  loadAttempts: number;
  saveRetryMs: number;
  unauthorizedBurst: number;
  unauthorizedRefillMs: number;
  /** A nudge verifies again if the last proof is older than this. */
  verifyAgainMs: number;
  /** A tab that arrives within this time after its document was requested needs no verification of its own. */
  tabExpectedMs: number;
};

export const SESSION_POLICY: SessionPolicy = {
  marginMs: 1_000,
  renewLeadShare: 0.25,
  renewLeadMaxMs: 60_000,
  minAgeMs: 1_000,
  retryBaseMs: REFRESH_BACKOFF.baseMs,
  retryCapMs: REFRESH_BACKOFF.capMs,
  patientAfter: 20,
  patientCapMs: REFRESH_OUTAGE_CAP_MS,
  minTryMs: 1_000,
  misconfiguredRetryMs: 60_000,
  patienceMs: 15_000,
  personRetryMs: 300_000,
  refusalTries: 5,
  refusalRetryMs: 30_000,
  refusalMs: 120_000,
  doubtMs: 20_000,
  doubtCapMs: 900_000,
  loadRetryMs: 500,
  loadAttempts: 8,
  saveRetryMs: 3_000,
  unauthorizedBurst: 6,
  unauthorizedRefillMs: 5_000,
  verifyAgainMs: 30_000,
  tabExpectedMs: 10_000,
};
