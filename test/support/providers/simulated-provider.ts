import { createHash, randomUUID } from 'node:crypto';
import { vi } from 'vitest';

/** What a provider does differently from the next one, as its documents say. */
export type Habits = {
  issuer: string;
  /** The issuer in the metadata and ID tokens. Default: `issuer`. */
  statedIssuer?: string;
  /** The address of the metadata. Default: below the issuer. `null`: there are none. */
  metadata?: string | null;
  scopes?: readonly string[];
  /** Prompts that it knows. Others are an error. Default: any. */
  prompts?: readonly string[];
  /** When a sign-in gives a refresh token. */
  refreshToken: 'always' | 'offline_access' | 'never';
  rotates: boolean;
  /** How long (ms) a used refresh token still works. `Infinity`: as long as the session. */
  reuseGraceMs: number;
  accessSeconds?: number;
  /** A session ends so long after the sign-in, also with refreshes. */
  lifetimeMs?: number;
  dead: { status: number; body: object };
  /** RFC 7009, or what it answers instead. */
  revocation: 'standard' | 'absent' | { status: number; body: object };
  /** The `end_session_endpoint` in the metadata. */
  endSession?: string;
  dpop?: boolean;
  /** The address of the token endpoint. Default: at the issuer's origin. */
  token?: string;
};

type Session = { signedInAt: number; ended: boolean; tokens: Map<string, number>; newest: string };

export type SimulatedProvider = {
  readonly habits: Habits;
  /** Requests to the token endpoint: when (ms), and which grant. */
  readonly asked: readonly { at: number; grant: string }[];
  readonly revoked: number;
  /** Answers as the network would. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** The person signs in at the page of this address. Returns where the browser goes. */
  authorize(address: string): URL;
  /** An administrator ends all sessions. */
  endAll(): void;
  /** Whether a refresh token of this sign-in would still be accepted. */
  alive(): boolean;
  accepts(accessToken: string): boolean;
};

const json = (body: object, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const ENDPOINTS = { auth: '/sim/authorize', token: '/sim/token', revoke: '/sim/revoke' } as const;

/** A provider in memory with these habits. `now` is its clock. */
export const simulateProvider = (habits: Habits, now: () => number): SimulatedProvider => {
  const { origin } = new URL(habits.issuer);
  const stated = habits.statedIssuer ?? habits.issuer;
  const address =
    habits.metadata === undefined
      ? `${habits.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
      : habits.metadata;
  const tokenEndpoint = habits.token ?? origin + ENDPOINTS.token;
  const codes = new Map<string, URLSearchParams>();
  const sessions: Session[] = [];
  const access = new Map<string, Session>();
  const asked: { at: number; grant: string }[] = [];
  let revoked = 0;

  const metadata = {
    issuer: stated,
    authorization_endpoint: origin + ENDPOINTS.auth,
    token_endpoint: tokenEndpoint,
    ...(habits.revocation === 'absent' ? {} : { revocation_endpoint: origin + ENDPOINTS.revoke }),
    ...(habits.endSession === undefined ? {} : { end_session_endpoint: habits.endSession }),
    ...(habits.scopes ? { scopes_supported: habits.scopes } : {}),
    ...(habits.dpop ? { dpop_signing_alg_values_supported: ['ES256'] } : {}),
  };

  const isOver = ({ ended, signedInAt }: Session): boolean =>
    ended || now() - signedInAt >= (habits.lifetimeMs ?? Infinity);

  const grant = (session: Session, refresh: string | undefined, extra: object = {}): Response => {
    const token = `at-${randomUUID()}`;
    access.set(token, session);
    return json({
      access_token: token,
      token_type: 'Bearer',
      expires_in: habits.accessSeconds ?? 300,
      ...(refresh === undefined ? {} : { refresh_token: refresh }),
      ...extra,
    });
  };

  const exchange = (form: URLSearchParams): Response => {
    const request = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (request?.get('code_challenge') !== challenge) return json({ error: 'invalid_grant' }, 400);
    const refresh = `rt-${randomUUID()}`;
    const session: Session = {
      signedInAt: now(),
      ended: false,
      tokens: new Map([[refresh, Infinity]]),
      newest: refresh,
    };
    sessions.push(session);
    const claims = {
      iss: stated.replace('{tenantid}', 'tenant-1'),
      tid: 'tenant-1',
      aud: request.get('client_id'),
      sub: 'demo',
      name: 'Demo',
      nonce: request.get('nonce'),
      iat: Math.floor(now() / 1000),
      exp: Math.floor(now() / 1000) + 300,
    };
    const gives =
      habits.refreshToken === 'always' ||
      (habits.refreshToken === 'offline_access' && request.get('scope')?.split(' ').includes('offline_access'));
    const idToken = `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`;
    return grant(session, gives ? refresh : undefined, { id_token: idToken });
  };

  const refresh = (form: URLSearchParams): Response => {
    const token = form.get('refresh_token') ?? '';
    const session = sessions.find(({ tokens }) => tokens.has(token));
    const until = session?.tokens.get(token) ?? 0;
    if (!session || isOver(session)) return json(habits.dead.body, habits.dead.status);
    if (now() >= until) {
      session.ended = true;
      return json(habits.dead.body, habits.dead.status);
    }
    if (!habits.rotates) return grant(session, undefined);
    if (token === session.newest) {
      session.tokens.set(token, now() + habits.reuseGraceMs);
      session.newest = `rt-${randomUUID()}`;
      session.tokens.set(session.newest, Infinity);
    }
    return grant(session, session.newest);
  };

  const revoke = (form: URLSearchParams): Response => {
    revoked += 1;
    if (typeof habits.revocation === 'object') return json(habits.revocation.body, habits.revocation.status);
    const session = sessions.find(({ tokens }) => tokens.has(form.get('token') ?? ''));
    if (session) session.ended = true;
    return new Response(null, { status: 200 });
  };

  return {
    habits,
    asked,
    get revoked() {
      return revoked;
    },
    async fetch(input, init) {
      const request = new Request(input, init);
      if (request.url === address) return json(metadata);
      const { pathname } = new URL(request.url);
      const form = new URLSearchParams(request.method === 'POST' ? await request.text() : '');
      if (request.url === tokenEndpoint) {
        asked.push({ at: now(), grant: form.get('grant_type') ?? '' });
        return form.get('grant_type') === 'refresh_token' ? refresh(form) : exchange(form);
      }
      if (pathname === ENDPOINTS.revoke && habits.revocation !== 'absent') return revoke(form);
      return new Response('<!doctype html>', { status: 404, headers: { 'content-type': 'text/html' } });
    },
    authorize(page) {
      const { searchParams: params } = new URL(page);
      const back = new URL(params.get('redirect_uri') ?? '');
      back.searchParams.set('state', params.get('state') ?? '');
      const prompt = params.get('prompt');
      const unknownScope = params
        .get('scope')
        ?.split(' ')
        .find((each) => habits.scopes && !habits.scopes.includes(each));
      if (prompt?.split(' ').some((each) => habits.prompts && !habits.prompts.includes(each)))
        back.searchParams.set('error', 'invalid_request');
      else if (unknownScope !== undefined) back.searchParams.set('error', 'invalid_scope');
      else {
        const code = randomUUID();
        codes.set(code, params);
        back.searchParams.set('code', code);
      }
      return back;
    },
    endAll() {
      for (const session of sessions) session.ended = true;
      access.clear();
    },
    alive: () => sessions.some((session) => !isOver(session)),
    accepts: (token) => {
      const session = access.get(token);
      return session !== undefined && !isOver(session);
    },
  };
};

/** Puts these servers in place of the network of this test. Other addresses cannot be reached. */
export const connectTo = (servers: readonly { fetch: typeof fetch; origin: string }[]): void => {
  vi.stubGlobal('navigator', { onLine: true });
  vi.stubGlobal('fetch', async (input: string | URL | Request, init?: RequestInit) => {
    const { origin } = new URL(input instanceof Request ? input.url : input);
    const server = servers.find((each) => each.origin === origin);
    if (!server) throw new TypeError('Failed to fetch');
    return server.fetch(input, init);
  });
};
