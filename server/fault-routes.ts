import { Hono, type Context } from 'hono';
import type { TokenVersion } from './auth/token-epoch.ts';
import type { Accounts } from './auth/accounts.ts';
import type { Clock } from './base/clock.ts';
import { isLoopbackHost } from './http/cookie.ts';
import type { EventStreams } from './realtime/event-streams.ts';
import { parseFault, type Faults } from './base/faults.ts';
import { problemResponse, readJsonObject, type Env, type Handler } from './http/http.ts';
import type { Hub } from './realtime/hub.ts';
import type { Lifetimes } from './base/token-lifetimes.ts';
import type { FreezableConnection } from './realtime/freezable-socket.ts';
import type { Origins } from './http/origins.ts';
import type { PasswordTokens } from './auth/password-tokens.ts';
import { ownerOf, type SessionRevocations } from './http/principal.ts';
import { REVOCABLE_PREFIXES, type ReusePolicy } from './provider/provider-adapter.ts';
import type { TokenVerifier } from './auth/token-verifier.ts';
import type { RequestLog } from './auth/request-log.ts';
import { count, number, shape, text } from './base/validate.ts';
import type { Stats } from './base/stats.ts';
import { deleteAll, type Store } from './base/store.ts';
import type { CookieSessions } from './auth/cookie-sessions.ts';
import type { Topics } from './realtime/topics.ts';

export type FaultRouteServices = {
  origins: Origins;
  store: Store;
  clock: Clock;
  accounts: Accounts;
  lifetimes: Lifetimes;
  reuse: ReusePolicy;
  epoch: TokenVersion;
  password: PasswordTokens;
  cookies: CookieSessions;
  provider: TokenVerifier;
  ends: SessionRevocations;
  faults: Faults;
  log: RequestLog;
  stats: Stats;
  hub: Hub;
  events: EventStreams;
  topics: Topics;
};

const parseDrop = shape({}, { code: count });
const parseFreeze = shape({ ms: count });
const parsePublish = shape({ topic: text, count, everyMs: count }, { bytes: count });
const parseClock = shape({ skewMs: number });
const parseLifetimes = shape({}, { accessSeconds: count, refreshSeconds: count });
const parseProvider = shape({ grace: count });
const MAX_PUBLISHED = 1_000_000;
/** Messages at once when they are to come as fast as they can. */
const FLOOD_BATCH = 500;
const LOOPBACK_PEERS = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

const badRequest = (detail: string): Response => problemResponse({ status: 400, code: 'bad-request', detail });
const done = (c: Context): Response => c.json({ ok: true });

/** The lab breaks things on purpose: nobody from outside, and no page of another site, may ask for it. */
const insideOnly =
  (origins: Origins): Handler =>
  async (c, next) => {
    const { incoming } = c.env;
    const { origin, host } = incoming.headers;
    const isInside = LOOPBACK_PEERS.has(incoming.socket.remoteAddress ?? '') && isLoopbackHost(host);
    if (isInside && (origin === undefined || origins.includes(origin))) return next();
    return problemResponse({ status: 403, code: 'forbidden', detail: 'The lab is for this machine only.' });
  };

const endEverySession = async (parts: FaultRouteServices): Promise<void> => {
  const { store, password, cookies, epoch, provider, ends } = parts;
  await Promise.all([
    ...[...REVOCABLE_PREFIXES, 'ticket/'].map((prefix) => deleteAll(store, prefix)),
    password.revokeAll(),
    cookies.revokeAll(),
  ]);
  await epoch.increment();
  provider.rejectSeen();
  ends.revokeAll();
};

/**
 * Publishes `{n}` from 1 for everyone who may hear the topic; returns how to stop. A timer that was late is made up
 * for, so that the order's pace holds on a busy machine too.
 */
const startPublishing = (
  parts: FaultRouteServices,
  order: { topic: string; count: number; everyMs: number; bytes?: number },
): (() => void) => {
  const owners = new Set([...parts.accounts.all().map(({ username }) => ownerOf(username)), ...parts.hub.owners()]);
  const filling = order.bytes === undefined ? {} : { filling: '.'.repeat(order.bytes) };
  const begun = performance.now();
  const dueByNow = (): number =>
    order.everyMs === 0 ? sent + FLOOD_BATCH : Math.floor((performance.now() - begun) / order.everyMs) + 1;
  let sent = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const next = async (): Promise<void> => {
    const work: Promise<number>[] = [];
    for (const due = Math.min(order.count, dueByNow()); sent < due;) {
      sent += 1;
      for (const owner of owners) work.push(parts.topics.append(owner, order.topic, { n: sent, ...filling }));
    }
    await Promise.all(work);
    if (stopped || sent >= order.count) return;
    timer = setTimeout(() => void next(), order.everyMs);
  };
  void next();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
};

const socketRoutes = (parts: FaultRouteServices): Hono<Env> => {
  const sockets = (): readonly FreezableConnection[] => [...parts.hub.sockets(), ...parts.events.sockets()];
  return new Hono<Env>()
    .post('/drop', async (c) => {
      const order = parseDrop(await readJsonObject(c)) ?? {};
      const live = sockets();
      for (const socket of live) socket.drop(order.code);
      return c.json({ ok: true, sockets: live.length });
    })
    .post('/freeze', async (c) => {
      const order = parseFreeze(await readJsonObject(c));
      if (!order) return badRequest('ms is needed.');
      const live = sockets();
      for (const socket of live) socket.freeze(order.ms);
      return c.json({ ok: true, sockets: live.length });
    });
};

const settingRoutes = (parts: FaultRouteServices): Hono<Env> =>
  new Hono<Env>()
    .post('/clock', async (c) => {
      const order = parseClock(await readJsonObject(c));
      if (!order) return badRequest('skewMs is needed.');
      parts.clock.setSkew(order.skewMs);
      return done(c);
    })
    .post('/lifetimes', async (c) => {
      const { accessSeconds, refreshSeconds } = parseLifetimes(await readJsonObject(c)) ?? {};
      if (accessSeconds) parts.lifetimes.accessSeconds = accessSeconds;
      if (refreshSeconds) parts.lifetimes.refreshSeconds = refreshSeconds;
      return c.json(parts.lifetimes);
    })
    .post('/provider', async (c) => {
      const order = parseProvider(await readJsonObject(c));
      if (!order) return badRequest('grace is needed, in seconds.');
      parts.reuse.graceMs = order.grace * 1000;
      return done(c);
    })
    .post('/tokens/expire', async (c) => {
      await parts.epoch.increment();
      parts.provider.rejectSeen();
      return done(c);
    })
    .post('/session/revoke', async (c) => {
      await endEverySession(parts);
      return done(c);
    });

/** `/lab/…`: faults for resilience tests, and what the server saw. */
export const createFaultRoutes = (parts: FaultRouteServices): { routes: Hono<Env>; stop: () => void } => {
  const stops: (() => void)[] = [];
  const routes = new Hono<Env>()
    .use(insideOnly(parts.origins))
    .get('/log', (c) => c.json(parts.log.entries()))
    .delete('/log', (c) => {
      parts.log.clear();
      return done(c);
    })
    .post('/faults', async (c) => {
      const fault = parseFault(await readJsonObject(c));
      if (!fault) return badRequest('at and kind are needed.');
      parts.faults.add(fault);
      return done(c);
    })
    .delete('/faults', (c) => {
      parts.faults.clear();
      return done(c);
    })
    .get('/stats', (c) => c.json(parts.stats))
    .post('/publish', async (c) => {
      const order = parsePublish(await readJsonObject(c));
      if (!order || order.count < 1 || order.count > MAX_PUBLISHED)
        return badRequest('topic, count and everyMs are needed.');
      stops.push(startPublishing(parts, order));
      return done(c);
    })
    .route('/sockets', socketRoutes(parts))
    .route('/', settingRoutes(parts))
    .all('/*', (c) => problemResponse({ status: 404, code: 'not-found', detail: `There is no ${c.req.path}.` }));
  return { routes, stop: () => stops.forEach((stop) => stop()) };
};
