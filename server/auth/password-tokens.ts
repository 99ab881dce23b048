import type { TokenVersion } from './token-version.ts';
import type { Account } from './accounts.ts';
import type { NotifyOperator } from '../data-folder/operator-notice.ts';
import type { ServerClock } from '../base/server-clock.ts';
import type { Lifetimes, ReusePolicy } from '../base/token-lifetimes.ts';
import { rotate, TOKEN_FAMILY, type Family, type Rotation } from './token-family.ts';
import { ownerOf, type Principal, type SessionRevocations } from '../http/principal.ts';
import { digest, hmac, randomId, timingSafeEquals } from '../base/crypto.ts';
import { number, object, string } from '../../src/protocol/schema/schema.ts';
import { count } from '../../src/protocol/schema/schema-types.ts';
import type { Decision, Keep, Store } from '../base/store.ts';
import type { Keyring } from '../storage/storage.ts';

/** Marks the opaque access tokens of this module. The tokens of an identity provider do not start with it. */
const ACCESS_PREFIX = 'pwa_';
const REFRESH = /^pwr_([\w-]{22})\.(\d{1,15})\.([\w-]{43})$/;
const FAMILY_ID_BYTES = 16;

export const STORED_ACCESS_TOKEN = object({
  family: string,
  sub: string,
  name: string,
  expiresAt: number,
  epoch: count,
});

/** RFC 6749 §5.1; `expires_in` in seconds. */
export type IssuedTokens = { access_token: string; refresh_token: string; token_type: 'Bearer'; expires_in: number };

export type PasswordTokens = {
  start(account: Account): Promise<IssuedTokens>;
  /** `undefined`: `invalid_grant`. Reuse of an old token revokes its whole family (RFC 9700 §4.14.2). */
  refresh(refreshToken: string): Promise<IssuedTokens | undefined>;
  revoke(token: string): Promise<void>;
  revokeAll(): Promise<void>;
  /** Whether this module issued the token, valid or not. */
  isAccessToken(accessToken: string): boolean;
  verify(accessToken: string): Promise<Principal | undefined>;
};

type PasswordTokensOptions = {
  store: Store;
  clock: ServerClock;
  lifetimes: Lifetimes;
  tokenVersion: TokenVersion;
  keys: Keyring;
  revocations: SessionRevocations;
  reusePolicy: ReusePolicy;
  notify: NotifyOperator;
};

/** Where a login's refresh tokens are. Without this record the session is over. */
export const familyKey = (id: string): string => `password-family/${id}`;
const accessKey = (token: string): string => `password-access/${digest(token)}`;
const sessionOf = (family: string): string => `password:${family}`;

/**
 * A signed token with its family and its generation. The server can compute the successor of any token again, so it
 * stores no token. A repeated request inside the grace period gets the same successor.
 */
const refreshTokenOf = (key: Buffer, family: string, generation: number): string =>
  `pwr_${family}.${generation}.${hmac(key, `refresh ${family} ${generation}`)}`;

const readRefreshToken = (keys: Keyring, token: string): { family: string; generation: number } | undefined => {
  const [, family, digits] = REFRESH.exec(token) ?? [];
  if (family === undefined || digits === undefined) return undefined;
  const generation = Number(digits);
  const isSigned = keys().some((key) => timingSafeEquals(refreshTokenOf(key, family, generation), token));
  return isSigned ? { family, generation } : undefined;
};

export const createPasswordTokens = (options: PasswordTokensOptions): PasswordTokens => {
  const { store, clock, lifetimes, tokenVersion, keys, revocations, reusePolicy } = options;

  const keepFamily = (): Keep => ({ ttlMs: lifetimes.refreshSeconds * 1000, durable: true });

  const issue = async (id: string, family: Family): Promise<IssuedTokens> => {
    const accessToken = ACCESS_PREFIX + randomId();
    const ttlMs = lifetimes.accessSeconds * 1000;
    const { sub, name } = family;
    await store.put(
      accessKey(accessToken),
      { family: id, sub, name, expiresAt: clock.now() + ttlMs, epoch: await tokenVersion.current() },
      { ttlMs },
    );
    const refreshToken = refreshTokenOf(keys()[0], id, family.current);
    return {
      access_token: accessToken,
      refresh_token: refreshToken,
      token_type: 'Bearer',
      expires_in: lifetimes.accessSeconds,
    };
  };

  const revokeFamily = async (id: string): Promise<void> => {
    await store.delete(familyKey(id), { durable: true });
    await revocations.revoke(sessionOf(id));
  };

  const rotateFamily = (id: string, generation: number): Promise<Rotation> =>
    store.update([familyKey(id)], ([current]): Decision<Rotation> => {
      const result = rotate(TOKEN_FAMILY.read(current), generation, clock.steadyNow(), reusePolicy.graceMs);
      if (result.type === 'reused') return { result, writes: [{ key: familyKey(id), remove: true, durable: true }] };
      if (result.type === 'unknown') return { result };
      return {
        result,
        writes: [{ key: familyKey(id), value: result.family, ...keepFamily() }],
      };
    });

  return {
    async start(account) {
      const id = randomId(FAMILY_ID_BYTES);
      const family: Family = { sub: account.username, name: account.name, current: 0, rotatedAt: 0 };
      await store.put(familyKey(id), family, keepFamily());
      return issue(id, family);
    },
    async refresh(refreshToken) {
      const named = readRefreshToken(keys, refreshToken);
      if (!named) return undefined;
      const result = await rotateFamily(named.family, named.generation);
      if (result.type === 'issue' && result.isRestored) options.notify({ type: 'store-restored' });
      if (result.type === 'issue') return issue(named.family, result.family);
      if (result.type === 'reused') await revocations.revoke(sessionOf(named.family));
      return undefined;
    },
    async revoke(token) {
      const family =
        readRefreshToken(keys, token)?.family ?? STORED_ACCESS_TOKEN.read(await store.get(accessKey(token)))?.family;
      if (family !== undefined) await revokeFamily(family);
    },
    async revokeAll() {
      await store.deleteAll('password-family/');
    },
    isAccessToken: (accessToken) => accessToken.startsWith(ACCESS_PREFIX),
    async verify(accessToken) {
      const access = STORED_ACCESS_TOKEN.read(await store.get(accessKey(accessToken)));
      if (!access || access.expiresAt <= clock.now() || access.epoch !== (await tokenVersion.current()))
        return undefined;
      if ((await store.get(familyKey(access.family))) === undefined) return undefined;
      const { sub, name, expiresAt } = access;
      return { owner: ownerOf(sub), sub, name, expiresAt, session: sessionOf(access.family) };
    },
  };
};
