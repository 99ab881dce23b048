import { openAccessEpoch, type AccessEpoch } from './auth/token-epoch.ts';
import { createAccounts, type Account, type Accounts } from './auth/accounts.ts';
import { trueNow, type Clock } from './base/clock.ts';
import { createDpopChecker, type DpopChecker } from './auth/dpop.ts';
import { createEventStreams, type EventStreams } from './realtime/event-streams.ts';
import { createFaults, type Faults } from './base/faults.ts';
import { createGuessLimit, type GuessLimit } from './auth/login-rate-limit.ts';
import { createHub, type Hub } from './realtime/hub.ts';
import { DEFAULT_LIFETIMES, REUSE_GRACE_MS, type Lifetimes } from './base/token-lifetimes.ts';
import { createAllowance, createPace, DEFAULT_ACCEPTS_PER_SECOND, type Pace } from './http/admission-control.ts';
import { createPasswordTokens, type PasswordTokens } from './auth/password-tokens.ts';
import { takePresent } from './realtime/presence.ts';
import { createSessionEnds, type SessionEnds } from './http/principal.ts';
import type { ReusePolicy } from './provider/provider-adapter.ts';
import { createRequestLog, type RequestLog } from './auth/request-log.ts';
import { openSealer, type Sealer } from './worker/worker-secret.ts';
import { durableKey } from './base/crypto.ts';
import { createStats, type Stats } from './base/stats.ts';
import type { Store } from './base/store.ts';
import { createCookieSessions, type CookieSessions } from './auth/cookie-sessions.ts';
import { createTickets, type Tickets } from './auth/tickets.ts';
import { openTopics, type Topics } from './realtime/topics.ts';
import { createUploads, type Uploads } from './demo/uploads.ts';

/** All parts that hold state, made once and handed to whoever needs them. */
export type Backend = {
  store: Store;
  clock: Clock;
  accounts: Accounts;
  guesses: GuessLimit;
  lifetimes: Lifetimes;
  reuse: ReusePolicy;
  epoch: AccessEpoch;
  ends: SessionEnds;
  password: PasswordTokens;
  cookies: CookieSessions;
  tickets: Tickets;
  pace: Pace;
  allowance: Pick<Pace, 'ask'>;
  dpop: DpopChecker;
  topics: Topics;
  hub: Hub;
  events: EventStreams;
  faults: Faults;
  log: RequestLog;
  stats: Stats;
  sealer: Sealer;
  uploads: Uploads;
};

export type BackendOptions = {
  accounts: readonly Account[];
  /** Whether there is a lab, which shows the log of requests. */
  lab?: boolean | undefined;
  /** Silence of a hub socket that means a dead link. */
  heartbeatMs: number;
  /** Sockets that the hub opens in a second. */
  acceptsPerSecond?: number | undefined;
  /** How long one who was cut off still counts as present (ms). */
  presenceGraceMs?: number | undefined;
  /** See seal.ts. */
  sealKey?: number | undefined;
  /** Folder for what comes in parts. */
  uploadsDir: string;
};

const steady = (): number => performance.now();

export const openBackend = async (store: Store, clock: Clock, options: BackendOptions): Promise<Backend> => {
  const lifetimes = { ...DEFAULT_LIFETIMES };
  const ends = createSessionEnds(store);
  const stats = createStats();
  const epoch = await openAccessEpoch(store);
  const topics = await openTopics(store);
  const tickets = createTickets(store, stats, ends);
  const cookies = createCookieSessions({ store, clock, ends });
  const pace = createPace({ perSecond: options.acceptsPerSecond ?? DEFAULT_ACCEPTS_PER_SECOND, now: steady });
  const passwordKey = await durableKey(store, 'password-refresh');
  return {
    store,
    clock,
    accounts: createAccounts(options.accounts),
    // True time: the lab's clock must not make anybody wait for a day.
    guesses: createGuessLimit(trueNow),
    lifetimes,
    reuse: { graceMs: REUSE_GRACE_MS },
    epoch,
    ends,
    password: createPasswordTokens({ store, clock, lifetimes, epoch, ends, key: passwordKey }),
    cookies,
    tickets,
    pace,
    allowance: createAllowance(steady),
    dpop: createDpopChecker({ store, clock, key: await durableKey(store, 'api-nonces') }),
    topics,
    hub: createHub({ ...options, present: await takePresent(store), store, clock, topics, tickets, ends, pace }),
    events: createEventStreams({ clock, topics, ends }),
    faults: createFaults(),
    log: createRequestLog(cookies, clock.now, options.lab === true),
    stats,
    sealer: await openSealer(store, options.sealKey),
    uploads: createUploads(options.uploadsDir, store),
  };
};
