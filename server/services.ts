import { openTokenVersion, type TokenVersion } from './auth/token-epoch.ts';
import { createAccounts, type Account, type Accounts } from './auth/accounts.ts';
import { systemNow, type Clock } from './base/clock.ts';
import { createDpopChecker, type DpopChecker } from './auth/dpop.ts';
import { createEventStreams, type EventStreams } from './realtime/event-streams.ts';
import { createFaults, type Faults } from './base/faults.ts';
import { createLoginRateLimit, type LoginRateLimit } from './auth/login-rate-limit.ts';
import { createHub, type Hub } from './realtime/hub.ts';
import { DEFAULT_LIFETIMES, REUSE_GRACE_MS, type Lifetimes } from './base/token-lifetimes.ts';
import {
  createTicketQuota,
  createAdmissionControl,
  DEFAULT_ACCEPTS_PER_SECOND,
  type AdmissionControl,
} from './http/admission-control.ts';
import { createPasswordTokens, type PasswordTokens } from './auth/password-tokens.ts';
import { takeSavedPresence } from './realtime/presence.ts';
import { createSessionRevocations, type SessionRevocations } from './http/principal.ts';
import type { ReusePolicy } from './provider/provider-adapter.ts';
import { createRequestLog, type RequestLog } from './auth/request-log.ts';
import { openWorkerSecrets, type WorkerSecrets } from './worker/worker-secret.ts';
import { loadOrCreateKey } from './base/crypto.ts';
import { createStats, type Stats } from './base/stats.ts';
import type { Store } from './base/store.ts';
import { createCookieSessions, type CookieSessions } from './auth/cookie-sessions.ts';
import { createTickets, type Tickets } from './auth/tickets.ts';
import { openTopics, type Topics } from './realtime/topics.ts';
import { createUploads, type Uploads } from './demo/uploads.ts';

/** All parts that hold state, made once and handed to whoever needs them. */
export type Services = {
  store: Store;
  clock: Clock;
  accounts: Accounts;
  guesses: LoginRateLimit;
  lifetimes: Lifetimes;
  reuse: ReusePolicy;
  epoch: TokenVersion;
  ends: SessionRevocations;
  password: PasswordTokens;
  cookies: CookieSessions;
  tickets: Tickets;
  pace: AdmissionControl;
  allowance: Pick<AdmissionControl, 'admit'>;
  dpop: DpopChecker;
  topics: Topics;
  hub: Hub;
  events: EventStreams;
  faults: Faults;
  log: RequestLog;
  stats: Stats;
  sealer: WorkerSecrets;
  uploads: Uploads;
};

export type ServicesOptions = {
  accounts: readonly Account[];
  /** Keeps the request log, which only the fault routes show. */
  faultRoutes?: boolean | undefined;
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

export const openServices = async (store: Store, clock: Clock, options: ServicesOptions): Promise<Services> => {
  const lifetimes = { ...DEFAULT_LIFETIMES };
  const ends = createSessionRevocations(store);
  const stats = createStats();
  const epoch = await openTokenVersion(store);
  const topics = await openTopics(store);
  const tickets = createTickets(store, stats, ends);
  const cookies = createCookieSessions({ store, clock, ends });
  const pace = createAdmissionControl({
    perSecond: options.acceptsPerSecond ?? DEFAULT_ACCEPTS_PER_SECOND,
    now: steady,
  });
  const passwordKey = await loadOrCreateKey(store, 'password-refresh');
  return {
    store,
    clock,
    accounts: createAccounts(options.accounts),
    // True time: the lab's clock must not make anybody wait for a day.
    guesses: createLoginRateLimit(systemNow),
    lifetimes,
    reuse: { graceMs: REUSE_GRACE_MS },
    epoch,
    ends,
    password: createPasswordTokens({ store, clock, lifetimes, epoch, ends, key: passwordKey }),
    cookies,
    tickets,
    pace,
    allowance: createTicketQuota(steady),
    dpop: createDpopChecker({ store, clock, key: await loadOrCreateKey(store, 'api-nonces') }),
    topics,
    hub: createHub({ ...options, present: await takeSavedPresence(store), store, clock, topics, tickets, ends, pace }),
    events: createEventStreams({ clock, topics, ends }),
    faults: createFaults(),
    log: createRequestLog(cookies, clock.now, options.faultRoutes === true),
    stats,
    sealer: await openWorkerSecrets(store, options.sealKey),
    uploads: createUploads(options.uploadsDir, store),
  };
};
