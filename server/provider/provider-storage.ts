import type { Adapter, AdapterPayload } from 'oidc-provider';
import { numberAt, stringAt } from '../../src/protocol/schema/json.ts';
import { looseObject, number, object, string, type Infer } from '../../src/protocol/schema/schema.ts';
import { optional } from '../../src/protocol/schema/schema-types.ts';
import { digest } from '../base/crypto.ts';
import { seal, unseal } from '../base/sealing.ts';
import type { DiskSpace } from '../data-folder/disk-space.ts';
import type { BegunSignIns } from './begun-sign-ins.ts';
import type { ReusePolicy } from '../base/token-lifetimes.ts';
import type { Decision, Store, Write } from '../base/store.ts';
import type { RefreshTokenIds, RefreshTokenOrigin } from './refresh-token-id.ts';

/** Record on disk. Times in ms since the Unix epoch, by the server's clock without the skew of the fault routes. */
export const OIDC_RECORD = object({
  payload: looseObject<AdapterPayload>({}),
  expiresAt: optional(number),
  consumedAt: optional(number),
});
type OidcRecord = Infer<typeof OIDC_RECORD>;

export type ProviderStorageOptions = {
  store: Store;
  /** The server's clock without the skew of the fault routes. */
  now: () => number;
  reusePolicy: ReusePolicy;
  /** Creates the error that the provider returns as `invalid_grant`. */
  reused: (grantId: string | undefined) => Error;
  /** Bounds what visitors without an account can write. */
  begunSignIns: BegunSignIns;
  space?: DiskSpace | undefined;
  /** Seals the ids that an index must return. */
  indexKey: Buffer;
  refreshTokenIds: RefreshTokenIds;
  /** Called when a refresh token proves that the store is older than it. */
  onRestored: () => void;
};

/** Outcome of a single-use token's use. */
type ConsumeResult = { type: 'accepted' } | { type: 'reuse'; grantId: string | undefined };

/** Models whose records the revocation of their grant removes. */
const GRANTABLE = new Set([
  'AccessToken',
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
]);

/**
 * The provider first finds a token and then consumes it. A token that was in its grace when the provider found it must
 * still be in it then, also on a busy machine.
 */
const CONSUME_SLACK_MS = 5_000;

const VISITOR_MS = 30 * 60 * 1000;

/** What anyone can write without an account: sign-ins that they begin, pushed requests (RFC 9126), and sessions of no one. */
const VISITOR_MODELS = new Set(['Interaction', 'PushedAuthorizationRequest']);
const isOfVisitor = (model: string, { payload }: OidcRecord): boolean =>
  VISITOR_MODELS.has(model) || (model === 'Session' && stringAt(payload, 'accountId') === undefined);

/** Ids are bearer secrets, so a key has their digest. The id of a grant is no secret: access tokens contain it. */
const keyOf = (model: string, id: string): string => `provider/${model}/${model === 'Grant' ? id : digest(id)}`;
const grantPrefix = (grantId: string): string => `provider-grant/${grantId}/`;
const uidKey = (uid: string): string => `provider-uid/${digest(uid)}`;
const userCodeKey = (code: string): string => `provider-user-code/${digest(code)}`;

/**
 * Used DPoP proofs. The provider calls `find` before `upsert`, so two requests with the same proof may both find nothing:
 * the first write counts, and the second request fails like any replay.
 */
const REPLAY_MODEL = 'ReplayDetection';

/** Counts the sign-ins that visitors began at the server before this one. */
export const countBegunSignIns = async (store: Store, begunSignIns: BegunSignIns): Promise<void> => {
  for (const model of [...VISITOR_MODELS, 'Session'])
    for (const { key, value } of await store.list(`provider/${model}/`)) {
      const record = OIDC_RECORD.read(value);
      if (record && isOfVisitor(model, record)) begunSignIns.add(key, JSON.stringify(value).length);
    }
};

export const grantKey = (grantId: string): string => keyOf('Grant', grantId);

/** Keys that a revocation of all sessions removes: grants, tokens, codes, and the provider's own sign-ins. */
export const REVOCABLE_PREFIXES = ['Grant', 'RefreshToken', 'AccessToken', 'AuthorizationCode', 'Session'].map(
  (model) => `provider/${model}/`,
);

/** Removes all records of a grant, but not the grant itself. */
export const revokeGrantTokens = async (store: Store, grantId: string): Promise<void> => {
  const index = await store.list(grantPrefix(grantId));
  const writes = index.flatMap(({ key, value }): Write[] => [
    { key, remove: true },
    ...(typeof value === 'string' ? [{ key: value, remove: true as const }] : []),
  ]);
  await store.update([], () => ({ result: undefined, writes }));
};

/** A record and the index entries that lead to it. `ttlMs`: of all of them. */
export const recordWrites = (
  { model, id, indexKey }: { model: string; id: string; indexKey: Buffer },
  record: OidcRecord,
  ttlMs: number | undefined,
): Write[] => {
  const key = keyOf(model, id);
  // The id is the token, and `jti` repeats it.
  const payload = Object.fromEntries(Object.entries(record.payload).filter(([name]) => name !== 'jti'));
  const writes: Write[] = [{ key, value: { ...record, payload }, ttlMs }];
  const grantId = stringAt(record.payload, 'grantId');
  const uid = stringAt(record.payload, 'uid');
  const userCode = stringAt(record.payload, 'userCode');
  if (grantId !== undefined && GRANTABLE.has(model))
    writes.push({ key: `${grantPrefix(grantId)}${model}/${digest(id)}`, value: key, ttlMs });
  const index = (at: string): void => void writes.push({ key: at, value: seal(indexKey, at, id), ttlMs });
  // Tokens name the session of a person only.
  if (uid !== undefined && model === 'Session' && !isOfVisitor(model, record)) index(uidKey(uid));
  if (userCode !== undefined) index(userCodeKey(userCode));
  return writes;
};

const rotationsOf = ({ payload }: OidcRecord): number => numberAt(payload, 'rotations') ?? 0;

class StoreAdapter implements Adapter {
  readonly #model: string;
  readonly #options: ProviderStorageOptions;

  constructor(model: string, options: ProviderStorageOptions) {
    this.#model = model;
    this.#options = options;
  }

  async upsert(id: string, content: AdapterPayload, expiresIn?: number): Promise<void> {
    const ttlMs = this.#lifetimeOf(content, expiresIn);
    const { store, now } = this.#options;
    const record = { payload: content, ...(ttlMs === undefined ? {} : { expiresAt: now() + ttlMs }) };
    const writes = [...this.#writes(id, record, ttlMs), ...(await this.#makeRoom(id, record))];
    const isFirst = await store.update([keyOf(this.#model, id)], ([current]) =>
      this.#model === REPLAY_MODEL && current !== undefined ? { result: false } : { result: true, writes },
    );
    if (!isFirst) throw this.#options.reused(undefined);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const stored = OIDC_RECORD.read(await this.#options.store.get(keyOf(this.#model, id)));
    const record = stored ?? (await this.#restore(id));
    if (!record) return undefined;
    const { consumed, ...unconsumed } = record.payload;
    const payload = consumed !== undefined && this.#isInGrace(record, 0) ? unconsumed : record.payload;
    return { ...payload, jti: id };
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#findBy(uidKey(uid));
  }

  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.#findBy(userCodeKey(userCode));
  }

  /**
   * The provider calls `find` before `consume`, so two requests may both find the token unused. This method checks the
   * second one again: inside the grace period it accepts the token, outside it revokes the grant for reuse.
   */
  async consume(id: string): Promise<void> {
    const { store, reused } = this.#options;
    const key = keyOf(this.#model, id);
    const result = await store.update([key], ([current]) => this.#consume(key, OIDC_RECORD.read(current)));
    if (result.type === 'accepted') return;
    if (result.grantId !== undefined) {
      await revokeGrantTokens(store, result.grantId);
      await store.delete(grantKey(result.grantId));
    }
    throw reused(result.grantId);
  }

  #consume(key: string, record: OidcRecord | undefined): Decision<ConsumeResult> {
    // A parallel request was reuse, and has revoked the grant.
    if (!record) return { result: { type: 'reuse', grantId: undefined } };
    if (record.consumedAt !== undefined) {
      const grantId = stringAt(record.payload, 'grantId');
      return {
        result: this.#isInGrace(record, CONSUME_SLACK_MS) ? { type: 'accepted' } : { type: 'reuse', grantId },
      };
    }
    return { result: { type: 'accepted' }, writes: [this.#consumed(key, record)] };
  }

  async destroy(id: string): Promise<void> {
    const key = keyOf(this.#model, id);
    this.#options.begunSignIns.remove(key);
    await this.#options.store.delete(key);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await revokeGrantTokens(this.#options.store, grantId);
  }

  /** The session of a visitor, which holds the secret of a form, lives as long as a begun sign-in. */
  #lifetimeOf(payload: AdapterPayload, expiresIn: number | undefined): number | undefined {
    if (expiresIn === undefined) return undefined;
    const isBrief = this.#model === 'Session' && isOfVisitor(this.#model, { payload });
    return Math.min(expiresIn * 1000, isBrief ? VISITOR_MS : Infinity);
  }

  /** A person who is signing in may finish on a disk that is almost full, but no one may begin. */
  async #makeRoom(id: string, record: OidcRecord): Promise<Write[]> {
    const { store, space, begunSignIns } = this.#options;
    const key = keyOf(this.#model, id);
    if (!isOfVisitor(this.#model, record)) {
      begunSignIns.remove(key);
      return [];
    }
    if ((await store.get(key)) === undefined) space?.require();
    return begunSignIns.add(key, JSON.stringify(record).length).map((evicted) => ({ key: evicted, remove: true }));
  }

  #writes(id: string, record: OidcRecord, ttlMs: number | undefined): Write[] {
    return recordWrites({ model: this.#model, id, indexKey: this.#options.indexKey }, record, ttlMs);
  }

  #ttlOf({ expiresAt }: OidcRecord): number | undefined {
    return expiresAt === undefined ? undefined : Math.max(1, expiresAt - this.#options.now());
  }

  #consumed(key: string, record: OidcRecord): Write {
    const consumedAt = this.#options.now();
    const payload = { ...record.payload, consumed: Math.floor(consumedAt / 1000) };
    return { key, value: { ...record, consumedAt, payload }, ttlMs: this.#ttlOf(record) };
  }

  async #findBy(indexKey: string): Promise<AdapterPayload | undefined> {
    const sealed = string.read(await this.#options.store.get(indexKey));
    const id = sealed === undefined ? undefined : unseal(this.#options.indexKey, indexKey, sealed);
    return id === undefined ? undefined : this.find(id);
  }

  /** Only refresh tokens have a grace period. */
  #isInGrace({ consumedAt }: OidcRecord, slackMs: number): boolean {
    const { now, reusePolicy } = this.#options;
    const { graceMs } = reusePolicy;
    const isRotating = this.#model === 'RefreshToken' && graceMs > 0 && consumedAt !== undefined;
    return isRotating && now() - consumedAt < graceMs + slackMs;
  }

  /**
   * A token that this server signed, of a grant whose newest token is older: the store lost the tokens in between, so it
   * was restored from a backup. The token takes the place of the newest one, which counts as used.
   */
  async #restore(id: string): Promise<OidcRecord | undefined> {
    const origin = this.#model === 'RefreshToken' ? this.#options.refreshTokenIds.read(id) : undefined;
    if (!origin) return undefined;
    const { store } = this.#options;
    const index = await store.list(`${grantPrefix(origin.grantId)}${this.#model}/`);
    const keys = index.flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
    const restored = await store.update(keys, (stored) => this.#decideRestore(id, origin, keys, stored));
    if (restored) this.#options.onRestored();
    return restored;
  }

  #decideRestore(
    id: string,
    origin: RefreshTokenOrigin,
    keys: readonly string[],
    stored: readonly unknown[],
  ): Decision<OidcRecord | undefined> {
    const known = stored.flatMap((value, index) => {
      const record = OIDC_RECORD.read(value);
      return record ? [{ key: keys[index] ?? '', record }] : [];
    });
    const [newest] = known.toSorted((a, b) => rotationsOf(b.record) - rotationsOf(a.record));
    if (!newest || rotationsOf(newest.record) >= origin.rotations) return { result: undefined };
    const { consumed: _consumed, ...unconsumed } = newest.record.payload;
    const { expiresAt } = newest.record;
    const record: OidcRecord = { payload: { ...unconsumed, rotations: origin.rotations }, expiresAt };
    const used = newest.record.consumedAt === undefined ? [this.#consumed(newest.key, newest.record)] : [];
    return { result: record, writes: [...used, ...this.#writes(id, record, this.#ttlOf(record))] };
  }
}

/** The provider's storage for one model. */
export const storeAdapter =
  (options: ProviderStorageOptions) =>
  (model: string): Adapter =>
    new StoreAdapter(model, options);
