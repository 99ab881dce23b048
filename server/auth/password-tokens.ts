import type { TokenVersion } from './token-epoch.ts';
import type { Account } from './accounts.ts';
import { systemNow, type Clock } from '../base/clock.ts';
import { REUSE_GRACE_MS, type Lifetimes } from '../base/token-lifetimes.ts';
import { ownerOf, type Principal, type SessionRevocations } from '../http/principal.ts';
import { digest, hmac, randomId, timingSafeEquals } from '../base/crypto.ts';
import { count, number, shape, text } from '../base/validate.ts';
import { deleteAll, type Decision, type Store } from '../base/store.ts';

/** Tells our opaque access tokens from those of an identity provider. */
const ACCESS_PREFIX = 'pwa_';
const REFRESH = /^pwr_([\w-]{22})\.(\d{1,15})\.([\w-]{43})$/;
const FAMILY_ID_BYTES = 16;

/** All refresh tokens that descend from one login. Only the `current` one may be used. */
const parseFamily = shape({ sub: text, name: text, current: count, rotatedAt: number });
type Family = NonNullable<ReturnType<typeof parseFamily>>;

const parseAccess = shape({ family: text, sub: text, name: text, expiresAt: number, epoch: count });

/** RFC 6749 §5.1; `expires_in` in seconds. */
export type TokenAnswer = { access_token: string; refresh_token: string; token_type: 'Bearer'; expires_in: number };

export type PasswordTokens = {
  start(account: Account): Promise<TokenAnswer>;
  /** `undefined`: `invalid_grant`. A token that was used before ends its whole family (RFC 9700 §4.14.2). */
  refresh(refreshToken: string): Promise<TokenAnswer | undefined>;
  revoke(token: string): Promise<void>;
  revokeAll(): Promise<void>;
  isAccessToken(accessToken: string): boolean;
  verify(accessToken: string): Promise<Principal | undefined>;
};

type Parts = {
  store: Store;
  clock: Clock;
  lifetimes: Lifetimes;
  epoch: TokenVersion;
  key: Buffer;
  ends: SessionRevocations;
};
type Verdict = { type: 'issue'; family: Family } | { type: 'reused' } | { type: 'unknown' };

const familyKey = (id: string): string => `password-family/${id}`;
const accessKey = (token: string): string => `password-access/${digest(token)}`;
const sessionOf = (family: string): string => `password:${family}`;

/**
 * The token names its family and its number and is signed, so the successor of any token can be told again:
 * inside the grace a repeated request gets the very same successor, and no token is stored.
 */
const refreshTokenOf = (key: Buffer, family: string, generation: number): string =>
  `pwr_${family}.${generation}.${hmac(key, `refresh ${family} ${generation}`)}`;

const readRefreshToken = (key: Buffer, token: string): { family: string; generation: number } | undefined => {
  const [, family, digits] = REFRESH.exec(token) ?? [];
  if (family === undefined || digits === undefined) return undefined;
  const generation = Number(digits);
  return timingSafeEquals(refreshTokenOf(key, family, generation), token) ? { family, generation } : undefined;
};

const judge = (stored: unknown, generation: number, now: number): Verdict => {
  const family = parseFamily(stored);
  if (!family) return { type: 'unknown' };
  if (generation === family.current)
    return { type: 'issue', family: { ...family, current: generation + 1, rotatedAt: now } };
  const inGrace = generation === family.current - 1 && now - family.rotatedAt < REUSE_GRACE_MS;
  return inGrace ? { type: 'issue', family } : { type: 'reused' };
};

export const createPasswordTokens = (parts: Parts): PasswordTokens => {
  const { store, clock, lifetimes, epoch, key, ends } = parts;

  const issue = async (id: string, family: Family): Promise<TokenAnswer> => {
    const accessToken = ACCESS_PREFIX + randomId();
    const ttlMs = lifetimes.accessSeconds * 1000;
    const { sub, name } = family;
    await store.put(
      accessKey(accessToken),
      { family: id, sub, name, expiresAt: clock.now() + ttlMs, epoch: epoch.current() },
      ttlMs,
    );
    const refreshToken = refreshTokenOf(key, id, family.current);
    return {
      access_token: accessToken,
      refresh_token: refreshToken,
      token_type: 'Bearer',
      expires_in: lifetimes.accessSeconds,
    };
  };

  const endFamily = async (id: string): Promise<void> => {
    await store.delete(familyKey(id));
    await ends.revoke(sessionOf(id));
  };

  const rotate = (id: string, generation: number): Promise<Verdict> =>
    store.update([familyKey(id)], ([current]): Decision<Verdict> => {
      // Grace is a true duration; the lab's clock skew must not stretch it.
      const verdict = judge(current, generation, systemNow());
      if (verdict.type === 'reused') return { result: verdict, writes: [{ key: familyKey(id), remove: true }] };
      if (verdict.type === 'unknown') return { result: verdict };
      return {
        result: verdict,
        writes: [{ key: familyKey(id), value: verdict.family, ttlMs: lifetimes.refreshSeconds * 1000 }],
      };
    });

  return {
    async start(account) {
      const id = randomId(FAMILY_ID_BYTES);
      const family: Family = { sub: account.username, name: account.name, current: 0, rotatedAt: 0 };
      await store.put(familyKey(id), family, lifetimes.refreshSeconds * 1000);
      return issue(id, family);
    },
    async refresh(refreshToken) {
      const named = readRefreshToken(key, refreshToken);
      if (!named) return undefined;
      const verdict = await rotate(named.family, named.generation);
      if (verdict.type === 'issue') return issue(named.family, verdict.family);
      if (verdict.type === 'reused') await ends.revoke(sessionOf(named.family));
      return undefined;
    },
    async revoke(token) {
      const family = readRefreshToken(key, token)?.family ?? parseAccess(await store.get(accessKey(token)))?.family;
      if (family !== undefined) await endFamily(family);
    },
    async revokeAll() {
      await deleteAll(store, 'password-family/');
    },
    isAccessToken: (accessToken) => accessToken.startsWith(ACCESS_PREFIX),
    async verify(accessToken) {
      const access = parseAccess(await store.get(accessKey(accessToken)));
      if (!access || access.expiresAt <= clock.now() || access.epoch !== epoch.current()) return undefined;
      if ((await store.get(familyKey(access.family))) === undefined) return undefined;
      const { sub, name, expiresAt } = access;
      return { owner: ownerOf(sub), sub, name, expiresAt, session: sessionOf(access.family) };
    },
  };
};
