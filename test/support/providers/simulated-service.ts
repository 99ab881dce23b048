import { randomUUID } from 'node:crypto';
import type { SimulatedProvider } from './simulated-provider.ts';

/** A service that signs people in by an API of its own. */
export type ServiceHabits = {
  origins: readonly string[];
  /** Which request this is. */
  routeOf(url: URL): 'login' | 'refresh' | 'logout' | undefined;
  refreshTokenIn(body: string): string;
  /** The answer with tokens, in the service's own shape. */
  answer(tokens: { access: string; refresh: string; seconds: number }, route: 'login' | 'refresh'): object;
  rotates: boolean;
  reuseGraceMs: number;
  dead: { status: number; body: object };
  /** Absent: no sign-out. Otherwise whether the request may end the session of this access token. */
  bearerOf?(headers: Headers): string;
};

type Session = { ended: boolean; tokens: Map<string, number>; newest: string };

export type SimulatedService = Pick<SimulatedProvider, 'asked' | 'revoked' | 'fetch' | 'endAll' | 'alive' | 'accepts'>;

const json = (body: object, status = 200): Response => new Response(JSON.stringify(body), { status });

export const simulateService = (habits: ServiceHabits, now: () => number): SimulatedService => {
  const sessions: Session[] = [];
  const access = new Map<string, Session>();
  const asked: { at: number; grant: string }[] = [];
  let revoked = 0;

  const grant = (session: Session, route: 'login' | 'refresh'): Response => {
    const token = `at-${randomUUID()}`;
    access.set(token, session);
    return json(habits.answer({ access: token, refresh: session.newest, seconds: 300 }, route));
  };

  const refresh = (token: string): Response => {
    const session = sessions.find(({ tokens }) => tokens.has(token));
    const until = session?.tokens.get(token) ?? 0;
    if (!session || session.ended || now() >= until) {
      if (session) session.ended = true;
      return json(habits.dead.body, habits.dead.status);
    }
    if (habits.rotates && token === session.newest) {
      session.tokens.set(token, now() + habits.reuseGraceMs);
      session.newest = `rt-${randomUUID()}`;
      session.tokens.set(session.newest, Infinity);
    }
    return grant(session, 'refresh');
  };

  const logout = (token: string): Response => {
    revoked += 1;
    const session = access.get(token);
    if (!session) return json({ error_code: 'bad_jwt' }, 401);
    session.ended = true;
    return json({});
  };

  return {
    asked,
    get revoked() {
      return revoked;
    },
    async fetch(input, init) {
      const request = new Request(input, init);
      const route = habits.routeOf(new URL(request.url));
      if (route === undefined) return new Response('not found', { status: 404 });
      if (route === 'logout') return logout(habits.bearerOf?.(request.headers) ?? '');
      asked.push({ at: now(), grant: route === 'login' ? 'password' : 'refresh_token' });
      if (route === 'refresh') return refresh(habits.refreshTokenIn(await request.text()));
      const first = `rt-${randomUUID()}`;
      const session: Session = { ended: false, tokens: new Map([[first, Infinity]]), newest: first };
      sessions.push(session);
      return grant(session, 'login');
    },
    endAll() {
      for (const session of sessions) session.ended = true;
      access.clear();
    },
    alive: () => sessions.some(({ ended }) => !ended),
    accepts: (token) => access.get(token)?.ended === false,
  };
};
