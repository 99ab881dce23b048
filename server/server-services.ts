import { createTokenVersion, type TokenVersion } from './auth/token-version.ts';
import { createAccounts, type Account, type Accounts } from './auth/accounts.ts';
import type { ServerClock } from './base/server-clock.ts';
import type { DiskSpace } from './data-folder/disk-space.ts';
import { createDeviceCookies, type DeviceCookies } from './auth/device-cookies.ts';
import { createDpopChecker, type DpopChecker } from './auth/dpop/dpop.ts';
import { createSharedReplays, openEmbeddedReplays } from './auth/dpop/proof-replays.ts';
import { createEventStreams, type EventStreams } from './realtime/event-streams.ts';
import { createFaults, type Faults } from './base/faults.ts';
import { createLoginRateLimit, type LoginRateLimit } from './limits/login-rate-limit.ts';
import { createTopicHub, type Hub } from './realtime/hub.ts';
import {
  DEFAULT_LIFETIMES,
  REUSE_GRACE_MS,
  SESSION_SECONDS,
  type Lifetimes,
  type ReusePolicy,
} from './base/token-lifetimes.ts';
import { onceForEachType, type NotifyOperator } from './data-folder/operator-notice.ts';
import {
  createTicketQuota,
  createAdmissionControl,
  DEFAULT_ACCEPTS_PER_SECOND,
  type AdmissionControl,
} from './limits/admission-control.ts';
import { shareAdmission, shareLoginLimit, shareTicketQuota } from './limits/shared-limits.ts';
import { createPasswordTokens, type PasswordTokens } from './auth/password-tokens.ts';
import { takeSavedPresence } from './realtime/presence-tracker.ts';
import { createSessionRevocations, type SessionRevocations } from './http/principal.ts';
import { createRequestLog, type RequestLog } from './auth/request-log.ts';
import { openWorkerSecrets, type WorkerSecrets } from './worker/worker-secret.ts';
import { createStats, type Stats } from './base/stats.ts';
import type { Storage } from './storage/storage.ts';
import { createDeviceSessions, type DeviceSessions } from './sessions/device-sessions.ts';
import { grantKey } from './provider/provider-records.ts';
import { createDeviceBoundSessions, type DeviceBoundSessions } from './kit/device-bound/device-bound-sessions.ts';
import { createCookieSessions, type CookieSessions } from './auth/cookie-sessions.ts';
import { createTicketStore, type Tickets } from './auth/tickets.ts';
import { createTopics, type Topics } from './realtime/topics.ts';
import { createDownloadLinks, type DownloadLinks } from './demo/download-links.ts';
import { createUploadLease } from './demo/upload-lease.ts';
import { createUploads, type Uploads } from './demo/uploads.ts';

/** Everything that holds state. A server opens it once; each part takes the services that it needs. */
export type ServerServices = Pick<Storage, 'store'> & {
  storage: Storage;
  clock: ServerClock;
  accounts: Accounts;
  loginRateLimit: LoginRateLimit;
  deviceCookies: DeviceCookies;
  lifetimes: Lifetimes;
  reusePolicy: ReusePolicy;
  /** Passes each type of notice on once. */
  notify: NotifyOperator;
  tokenVersion: TokenVersion;
  revocations: SessionRevocations;
  passwordTokens: PasswordTokens;
  cookieSessions: CookieSessions;
  /** `undefined`: no session is bound to its device. */
  deviceBound: DeviceBoundSessions | undefined;
  deviceSessions: DeviceSessions;
  tickets: Tickets;
  admissionControl: AdmissionControl;
  ticketQuota: Pick<AdmissionControl, 'admit'>;
  dpopChecker: DpopChecker;
  topics: Topics;
  hub: Hub;
  eventStreams: EventStreams;
  faults: Faults;
  requestLog: RequestLog;
  stats: Stats;
  workerSecrets: WorkerSecrets;
  uploads: Uploads;
  space: DiskSpace | undefined;
  downloadLinks: DownloadLinks;
};

export type ServerServicesOptions = {
  accounts: readonly Account[];
  /** Keeps the request log, which only the fault routes show. */
  faultRoutes?: boolean | undefined;
  /** Silence (ms) after which a hub connection counts as dead. */
  heartbeatMs: number;
  /** Sockets that the server opens per second. */
  acceptsPerSecond?: number | undefined;
  /** How long a disconnected client still counts as present (ms). */
  presenceGraceMs?: number | undefined;
  /** Number of the key from which the seal secrets derive: see worker-secret.ts. */
  sealKey?: number | undefined;
  /** How long (s) the proof of a device is valid. `undefined`: sessions are not bound to their devices. */
  deviceBoundSeconds?: number | undefined;
  notify: NotifyOperator;
  space?: DiskSpace | undefined;
  /** Folder for unfinished uploads. */
  uploadsDir: string;
};

/** Only requests of the API need the proof: the browser holds no file back while it renews. */
const DEVICE_BOUND = { path: '/device-bound', paths: ['/api/'] };

const monotonicNow = (): number => performance.now();

/** They run on a monotonic clock: when the system's time jumps back, it must not lock anyone out. */
const createLimits = (
  { rates, fleet }: Storage,
  { acceptsPerSecond: perSecond = DEFAULT_ACCEPTS_PER_SECOND }: ServerServicesOptions,
): Pick<ServerServices, 'admissionControl' | 'ticketQuota' | 'loginRateLimit'> => {
  const admissionControl = createAdmissionControl({ perSecond, now: monotonicNow });
  const ticketQuota = createTicketQuota(monotonicNow);
  const loginRateLimit = createLoginRateLimit(monotonicNow);
  if (!rates) return { admissionControl, ticketQuota, loginRateLimit };
  return {
    admissionControl: shareAdmission(admissionControl, { rates, fleet, perSecond }),
    ticketQuota: shareTicketQuota(ticketQuota, rates),
    loginRateLimit: shareLoginLimit(loginRateLimit, rates),
  };
};

type RealtimeParts = Pick<ServerServices, 'storage' | 'clock' | 'tickets' | 'revocations' | 'admissionControl'>;

const openRealtime = async (
  { storage, clock, tickets, revocations, admissionControl }: RealtimeParts,
  { space, heartbeatMs, presenceGraceMs }: ServerServicesOptions,
): Promise<Pick<ServerServices, 'topics' | 'hub' | 'eventStreams'>> => {
  const { store } = storage;
  const topics = createTopics(storage.topicLog, space);
  const present = storage.embedded ? await takeSavedPresence(store) : [];
  return {
    topics,
    hub: createTopicHub({
      ...{ storage, clock, topics, tickets, revocations, admissionControl },
      ...{ heartbeatMs, presenceGraceMs, present },
    }),
    eventStreams: createEventStreams({ clock, topics, revocations, bus: storage.bus }),
  };
};

const openCookieSessions = (
  storage: Storage,
  clock: ServerClock,
  revocations: SessionRevocations,
  { deviceBoundSeconds: seconds }: ServerServicesOptions,
): Pick<ServerServices, 'cookieSessions' | 'deviceBound'> => {
  const { now } = clock;
  const own = { ...DEVICE_BOUND, store: storage, keepSeconds: SESSION_SECONDS, now };
  const deviceBound = seconds === undefined ? undefined : createDeviceBoundSessions({ ...own, seconds });
  return {
    deviceBound,
    cookieSessions: createCookieSessions({ store: storage.store, clock, revocations, deviceBound }),
  };
};

const openDpopChecker = async ({ embedded, once, secrets }: Storage, clock: ServerClock): Promise<DpopChecker> => {
  const replays = embedded ? await openEmbeddedReplays(embedded, clock.now) : createSharedReplays(once);
  return createDpopChecker({ replays, clock, keys: await secrets.keys('api-nonces') });
};

export const openServerServices = async (
  storage: Storage,
  clock: ServerClock,
  options: ServerServicesOptions,
): Promise<ServerServices> => {
  const { store, secrets } = storage;
  const lifetimes = { ...DEFAULT_LIFETIMES };
  const reusePolicy = { graceMs: REUSE_GRACE_MS };
  const notify = onceForEachType(options.notify);
  const revocations = createSessionRevocations(storage);
  const stats = createStats();
  const tokenVersion = createTokenVersion(storage);
  const tickets = createTicketStore(storage, stats, revocations);
  const cookies = openCookieSessions(storage, clock, revocations, options);
  const limits = createLimits(storage, options);
  const realtime = await openRealtime({ storage, clock, tickets, revocations, ...limits }, options);
  return {
    store,
    storage,
    clock,
    accounts: createAccounts(options.accounts),
    ...limits,
    deviceCookies: createDeviceCookies(await secrets.keys('device-cookies')),
    lifetimes,
    reusePolicy,
    notify,
    tokenVersion,
    revocations,
    passwordTokens: createPasswordTokens({
      ...{ store, clock, lifetimes, tokenVersion, revocations, reusePolicy, notify },
      keys: await secrets.keys('password-refresh'),
    }),
    ...cookies,
    deviceSessions: createDeviceSessions({ store, clock, revocations, grantKey }),
    tickets,
    dpopChecker: await openDpopChecker(storage, clock),
    ...realtime,
    faults: createFaults(),
    requestLog: createRequestLog({ ...cookies, now: clock.now, enabled: options.faultRoutes === true }),
    stats,
    workerSecrets: await openWorkerSecrets(secrets, options.sealKey),
    downloadLinks: createDownloadLinks(store, revocations),
    uploads: createUploads({
      ...{ dir: options.uploadsDir, store, now: clock.steadyNow, space: options.space },
      lease: storage.embedded ? undefined : createUploadLease(storage),
    }),
    space: options.space,
  };
};
