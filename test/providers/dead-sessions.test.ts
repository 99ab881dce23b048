import 'fake-indexeddb/auto';
import { afterEach, describe, expect, test } from 'vitest';
import { createCookieMethod } from '../../src/host/auth/methods/cookie-method.ts';
import { createPasswordMethod } from '../../src/host/auth/methods/password-method.ts';
import { PASSWORD_CONFIG, TICKET_CONFIG } from '../../src/protocol/sign-in-config.ts';
import {
  createWorldClock,
  endWorld,
  settle,
  startWorker,
  type WorldWorker,
} from '../support/providers/browser-world.ts';
import { connectTo } from '../support/providers/simulated-provider.ts';
import { APP } from './cases.ts';
import { NEVER_SLEPT } from '../support/never-slept.ts';

/*
 * Ways in which backends say that a session is over, most of them outside of every standard. The presets' own ways are in
 * providers.test.ts. After each of them, a dead session asks at most twice a minute, while a page goes on as if it lived.
 */

const MINUTE_MS = 60_000;
const WATCHED_MINUTES = 20;

type Answer = { status: number; body: string };
const json = (status: number, body: unknown): Answer => ({ status, body: JSON.stringify(body) });

const WAYS: readonly [name: string, answer: Answer][] = [
  ['400 invalid_grant', json(400, { error: 'invalid_grant' })],
  ['403 invalid_grant', json(403, { error: 'invalid_grant' })],
  ['400 without a body', { status: 400, body: '' }],
  ['401 without a body', { status: 401, body: '' }],
  ['401 with a sentence', json(401, { message: 'Unauthenticated.' })],
  ['401 as a page', { status: 401, body: '<h1>Sign in</h1>' }],
  ['403 with a sentence', json(403, { message: 'Forbidden' })],
  ['403 as a page', { status: 403, body: '<h1>Forbidden</h1>' }],
  ['404', json(404, { detail: 'Not found.' })],
  ['410', json(410, {})],
  ['419', json(419, { message: 'CSRF token mismatch.' })],
  ['422 with a list', json(422, { errors: ['refresh token'] })],
  ['440', { status: 440, body: 'Login Time-out' }],
  ['498 with a code', json(498, { code: 'TOKEN_EXPIRED' })],
  ['400 with a code of its own', json(400, { error_code: 'session_not_found' })],
  ['400 invalid_client', json(400, { error: 'invalid_client' })],
  ['200 with another code', json(200, { code: 401, message: 'expired' })],
  ['200 with an error', json(200, { error: 'session over' })],
];

afterEach(endWorld);

/** The most that was asked within any minute. */
const mostInAMinute = (times: readonly number[]): number =>
  Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + MINUTE_MS).length));

/** A page that requests, gets 401s, is reloaded, and becomes visible again and again. */
const watch = async (worker: WorldWorker, clock: ReturnType<typeof createWorldClock>): Promise<void> => {
  for (let step = 0; step < WATCHED_MINUTES * 6; step += 1) {
    void worker.unauthorized();
    void worker.request();
    worker.runtime.dispatch({ type: 'nudge', cause: 'visible' });
    worker.runtime.dispatch({ type: 'tab-arrived', expectedAt: undefined });
    await clock.pass(MINUTE_MS / 6);
  }
};

const dead = (answer: Answer, asked: number[], now: () => number): void =>
  connectTo([
    {
      origin: APP,
      async fetch(input, init) {
        const { pathname } = new URL(new Request(input, init).url);
        if (pathname === '/login')
          return Response.json({
            access_token: 'a',
            refresh_token: 'r',
            expires_in: 300,
            authenticated: true,
            user: { sub: 'demo' },
          });
        asked.push(now());
        return new Response(answer.body === '' ? null : answer.body, { status: answer.status });
      },
    },
  ]);

describe('a dead session with tokens', () => {
  test.each(WAYS)('asks at most twice a minute after %s', async (_name, answer) => {
    const clock = createWorldClock();
    const asked: number[] = [];
    dead(answer, asked, clock.now);
    const config = PASSWORD_CONFIG.read({ login: `${APP}/login`, refresh: `${APP}/refresh`, logout: `${APP}/logout` });
    if (!config) throw new Error('not a configuration');
    const worker = await startWorker(clock, () => {
      const password = createPasswordMethod(config, { origin: APP, now: clock.now, connections: NEVER_SLEPT });
      return { methods: { password }, revoke: password.revoke };
    });
    await worker.runtime.signIn({ kind: 'password', username: 'demo', password: 'demo' });
    await settle();
    await watch(worker, clock);
    expect(mostInAMinute(asked)).toBeLessThanOrEqual(2);
    expect(asked.length).toBeGreaterThan(0);
    expect(worker.state.state).not.toBe('active');
  });
});

describe('a dead session in a cookie', () => {
  test.each(WAYS)('asks at most twice a minute after %s', async (_name, answer) => {
    const clock = createWorldClock();
    const asked: number[] = [];
    dead(answer, asked, clock.now);
    const config = TICKET_CONFIG.read({ login: `${APP}/login`, status: `${APP}/status`, logout: `${APP}/logout` });
    if (!config) throw new Error('not a configuration');
    const ticket = createCookieMethod({
      ...{ config, origin: APP, home: '/', csrf: undefined, now: clock.now, onDeviceBound: () => undefined },
    });
    const worker = await startWorker(
      clock,
      () => ({ methods: { ticket }, revoke: ticket.revoke }),
      () => ticket.verify(),
    );
    await worker.runtime.signIn({ kind: 'ticket', username: 'demo', password: 'demo' });
    await settle();
    expect(worker.state.state).toBe('active');
    await watch(worker, clock);
    expect(mostInAMinute(asked)).toBeLessThanOrEqual(2);
    expect(asked.length).toBeGreaterThan(0);
  });
});
