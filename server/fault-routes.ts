import { Hono, type Context } from 'hono';
import type { TokenVersion } from './auth/token-version.ts';
import type { Accounts } from './auth/accounts.ts';
import type { ServerClock } from './base/server-clock.ts';
import { isLoopbackHost } from './http/cookie.ts';
import type { EventStreams } from './realtime/event-streams.ts';
import { FAULT, type Faults } from './base/faults.ts';
import { problemResponse, readJsonObject, type Env, type Handler } from './http/route-helpers.ts';
import type { Hub } from './realtime/hub.ts';
import type { Lifetimes, ReusePolicy } from './base/token-lifetimes.ts';
import type { FreezableConnection } from './realtime/freezable-socket.ts';
import { isForeignPage, type Origins } from './http/origins.ts';
import { isFromThisMachine } from './http/request-context.ts';
import type { PasswordTokens } from './auth/password-tokens.ts';
import { ownerOf, type SessionRevocations } from './http/principal.ts';
import { REVOCABLE_PREFIXES } from './provider/provider-storage.ts';
import type { TokenVerifier } from './auth/token-verifier.ts';
import type { RequestLog } from './auth/request-log.ts';
import { number, object, string, type Infer } from '../src/protocol/schema/schema.ts';
import { count, optional } from '../src/protocol/schema/schema-types.ts';
import { startTimer } from '../src/protocol/timing/timer.ts';
import type { Stats } from './base/stats.ts';
import type { Store } from './base/store.ts';
import type { CookieSessions } from './auth/cookie-sessions.ts';
import type { Topics } from './realtime/topics.ts';

export type FaultRouteServices = {
  origins: Origins;
  store: Store;
  clock: ServerClock;
  accounts: Accounts;
  lifetimes: Lifetimes;
  reusePolicy: ReusePolicy;
  tokenVersion: TokenVersion;
  passwordTokens: PasswordTokens;
  cookieSessions: CookieSessions;
  tokenVerifier: TokenVerifier;
  revocations: SessionRevocations;
  faults: Faults;
  requestLog: RequestLog;
  stats: Stats;
  hub: Hub;
  eventStreams: EventStreams;
  topics: Topics;
  /** Closes every connection, and refuses new ones for `ms`. */
  interrupt(ms: number): void;
  /** Serves the worker scripts as a new version. */
  deploy(): void;
};

const RESTART_BODY = object({ downMs: count });
const DROP_BODY = object({ code: optional(count) });
const FREEZE_BODY = object({ ms: count });
const PUBLISH_BODY = object({ topic: string, count, everyMs: count, bytes: optional(count) });
const CLOCK_BODY = object({ skewMs: number });
const LIFETIMES_BODY = object({ accessSeconds: optional(count), refreshSeconds: optional(count) });
/** `grace`: in seconds. */
const PROVIDER_BODY = object({ grace: count });
const MAX_DOWN_MS = 60_000;
const ANSWER_FIRST_MS = 50;
const MAX_PUBLISHED = 1_000_000;
/** Messages per turn of the event loop when `everyMs` is 0. */
const FLOOD_BATCH = 500;

const badRequest = (detail: string): Response => problemResponse({ status: 400, code: 'bad-request', detail });
const okResponse = (c: Context): Response => c.json({ ok: true });

/**
 * The fault routes break things on purpose, and show who requests what: no other machine and no page of another site may
 * call them. `Host` alone proves nothing, because a proxy may set it.
 */
const localOnly =
  (origins: Origins): Handler =>
  async (c, next) => {
    const { incoming } = c.env;
    const { headers } = incoming;
    const isLocal = isFromThisMachine(incoming) && isLoopbackHost(headers.host);
    if (isLocal && !isForeignPage(headers, origins)) return next();
    return problemResponse({ status: 403, code: 'forbidden', detail: 'Only this machine may call the fault routes.' });
  };

const revokeAllSessions = async (services: FaultRouteServices): Promise<void> => {
  const { store, passwordTokens, cookieSessions, tokenVersion, tokenVerifier, revocations } = services;
  await Promise.all([
    ...[...REVOCABLE_PREFIXES, 'ticket/'].map((prefix) => store.deleteAll(prefix)),
    passwordTokens.revokeAll(),
    cookieSessions.revokeAll(),
  ]);
  await tokenVersion.increment();
  tokenVerifier.rejectAccepted();
  await revocations.revokeAll();
};

/**
 * Publishes `{ n }` from 1 to the topic of each owner. Returns a function that stops it. On a busy machine timers fire
 * late: each turn publishes all messages that are due by then, so that the rate stays as requested.
 */
const startPublishing = (services: FaultRouteServices, request: Infer<typeof PUBLISH_BODY>): (() => void) => {
  const owners = new Set([
    ...services.accounts.all().map(({ username }) => ownerOf(username)),
    ...services.hub.owners(),
  ]);
  const padding = request.bytes === undefined ? {} : { filling: '.'.repeat(request.bytes) };
  const startedAt = performance.now();
  const dueByNow = (): number =>
    request.everyMs === 0 ? sent + FLOOD_BATCH : Math.floor((performance.now() - startedAt) / request.everyMs) + 1;
  let sent = 0;
  let cancel = (): void => undefined;
  let stopped = false;
  const next = async (): Promise<void> => {
    const appends: Promise<unknown>[] = [];
    for (const due = Math.min(request.count, dueByNow()); sent < due;) {
      sent += 1;
      for (const owner of owners) appends.push(services.topics.append(owner, request.topic, { n: sent, ...padding }));
    }
    await Promise.all(appends);
    if (stopped || sent >= request.count) return;
    cancel = startTimer(() => void next(), request.everyMs);
  };
  void next();
  return () => {
    stopped = true;
    cancel();
  };
};

const socketRoutes = (services: FaultRouteServices): Hono<Env> => {
  const sockets = (): readonly FreezableConnection[] => [...services.hub.sockets(), ...services.eventStreams.sockets()];
  return new Hono<Env>()
    .post('/drop', async (c) => {
      const request = DROP_BODY.read(await readJsonObject(c)) ?? {};
      const open = sockets();
      for (const socket of open) socket.drop(request.code);
      return c.json({ ok: true, sockets: open.length });
    })
    .post('/freeze', async (c) => {
      const request = FREEZE_BODY.read(await readJsonObject(c));
      if (!request) return badRequest('ms is required.');
      const open = sockets();
      for (const socket of open) socket.freeze(request.ms);
      return c.json({ ok: true, sockets: open.length });
    });
};

const settingRoutes = (services: FaultRouteServices): Hono<Env> =>
  new Hono<Env>()
    .post('/clock', async (c) => {
      const request = CLOCK_BODY.read(await readJsonObject(c));
      if (!request) return badRequest('skewMs is required.');
      services.clock.setSkew(request.skewMs);
      return okResponse(c);
    })
    .post('/lifetimes', async (c) => {
      const { accessSeconds, refreshSeconds } = LIFETIMES_BODY.read(await readJsonObject(c)) ?? {};
      if (accessSeconds) services.lifetimes.accessSeconds = accessSeconds;
      if (refreshSeconds) services.lifetimes.refreshSeconds = refreshSeconds;
      return c.json(services.lifetimes);
    })
    .post('/provider', async (c) => {
      const request = PROVIDER_BODY.read(await readJsonObject(c));
      if (!request) return badRequest('grace is required, in seconds.');
      services.reusePolicy.graceMs = request.grace * 1000;
      return okResponse(c);
    })
    .post('/deploy', (c) => {
      services.deploy();
      return okResponse(c);
    })
    .post('/restart', async (c) => {
      const request = RESTART_BODY.read(await readJsonObject(c));
      if (!request || request.downMs > MAX_DOWN_MS) return badRequest(`downMs is required, at most ${MAX_DOWN_MS}.`);
      // the answer leaves first
      startTimer(() => services.interrupt(request.downMs), ANSWER_FIRST_MS);
      return okResponse(c);
    })
    .post('/tokens/expire', async (c) => {
      await services.tokenVersion.increment();
      services.tokenVerifier.rejectAccepted();
      return okResponse(c);
    })
    .post('/session/revoke', async (c) => {
      await revokeAllSessions(services);
      return okResponse(c);
    });

/** `/lab/…`: faults for resilience tests, the request log, and counters. */
export const createFaultRoutes = (services: FaultRouteServices): { routes: Hono<Env>; stop: () => void } => {
  const stops: (() => void)[] = [];
  const routes = new Hono<Env>()
    .use(localOnly(services.origins))
    .get('/log', (c) => c.json(services.requestLog.entries()))
    .delete('/log', (c) => {
      services.requestLog.clear();
      return okResponse(c);
    })
    .post('/faults', async (c) => {
      const fault = FAULT.read(await readJsonObject(c));
      if (!fault) return badRequest('at and kind are required.');
      services.faults.add(fault);
      return okResponse(c);
    })
    .delete('/faults', (c) => {
      services.faults.clear();
      return okResponse(c);
    })
    .get('/stats', (c) => c.json(services.stats))
    .post('/publish', async (c) => {
      const request = PUBLISH_BODY.read(await readJsonObject(c));
      if (!request || request.count < 1 || request.count > MAX_PUBLISHED)
        return badRequest('topic, count and everyMs are required.');
      stops.push(startPublishing(services, request));
      return okResponse(c);
    })
    .route('/sockets', socketRoutes(services))
    .route('/', settingRoutes(services))
    .all('/*', (c) => problemResponse({ status: 404, code: 'not-found', detail: `There is no ${c.req.path}.` }));
  return { routes, stop: () => stops.forEach((stop) => stop()) };
};
