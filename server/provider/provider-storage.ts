import type { Adapter, AdapterPayload } from 'oidc-provider';
import { stringAt } from '../../src/protocol/schema/json.ts';
import { string } from '../../src/protocol/schema/schema.ts';
import { unseal } from '../base/sealing.ts';
import type { DiskSpace } from '../data-folder/disk-space.ts';
import type { BegunSignIns } from './begun-sign-ins.ts';
import type { ReusePolicy } from '../base/token-lifetimes.ts';
import type { Decision, Store, Write } from '../base/store.ts';
import type { OrderedStore } from '../base/lmdb-store.ts';
import type { Collection, Keyring, Storage } from '../storage/storage.ts';
import {
  DURABLE,
  grantKey,
  grantSet,
  isOfVisitor,
  OIDC_RECORD,
  recordKey,
  recordWrites,
  rotationsOf,
  uidKey,
  userCodeKey,
  VISITOR_MODELS,
  type OidcRecord,
} from './provider-records.ts';
import type { RefreshTokenIds } from './refresh-token-id.ts';

export type ProviderStorageOptions = {
  storage: Pick<Storage, 'store' | 'once' | 'collection'>;
  /** The server's clock without the skew of the fault routes. */
  now: () => number;
  reusePolicy: ReusePolicy;
  /** Creates the error that the provider returns as `invalid_grant`. */
  reused: (grantId: string | undefined) => Error;
  /** Bounds what visitors without an account can write. */
  begunSignIns: BegunSignIns;
  space?: DiskSpace | undefined;
  /** Seals the ids that an index must return. */
  indexKeys: Keyring;
  refreshTokenIds: RefreshTokenIds;
  /** Called when a refresh token proves that the store is older than it. */
  onRestored: () => void;
};

/** Outcome of a single-use token's use. */
type ConsumeResult = { type: 'accepted' } | { type: 'reuse'; grantId: string | undefined };

/**
 * The provider first finds a token and then consumes it. A token that was in its grace when the provider found it must
 * still be in it then, also on a busy machine.
 */
const CONSUME_SLACK_MS = 5_000;

/** Longer than any proof is valid, if the provider does not say. */
const REPLAY_MS = 60 * 60 * 1000;

const VISITOR_MS = 30 * 60 * 1000;

/**
 * Used DPoP proofs. The provider calls `find` before `upsert`, so two requests with the same proof may both find nothing:
 * the first write counts, and the second request fails like any replay.
 */
const REPLAY_MODEL = 'ReplayDetection';

/** Counts the sign-ins that visitors began at the server before this one. */
export const countBegunSignIns = async (store: OrderedStore, begunSignIns: BegunSignIns): Promise<void> => {
  for (const model of [...VISITOR_MODELS, 'Session'])
    for (const { key, value } of await store.list(`provider/${model}/`)) {
      const record = OIDC_RECORD.read(value);
      if (record && isOfVisitor(model, record)) begunSignIns.add(key, JSON.stringify(value).length);
    }
};

/** Keys that a revocation of all sessions removes: grants, tokens, codes, and the provider's own sign-ins. */
export const REVOCABLE_PREFIXES = ['Grant', 'RefreshToken', 'AccessToken', 'AuthorizationCode', 'Session'].map(
  (model) => `provider/${model}/`,
);

/** Removes all records of a grant, but not the grant itself. */
const revokeGrantTokens = async (
  { store, collection }: { store: Store; collection: Collection },
  grantId: string,
): Promise<void> => {
  const members = await collection.all(grantSet(grantId));
  await Promise.all(members.map(({ value }) => store.delete(value, { durable: true })));
  await collection.remove(grantSet(grantId));
};

const putWrite = async (store: Store, write: Write): Promise<void> => {
  if (!('remove' in write)) await store.put(write.key, write.value, write);
};

class StoreAdapter implements Adapter {
  readonly #model: string;
  readonly #options: ProviderStorageOptions;

  constructor(model: string, options: ProviderStorageOptions) {
    this.#model = model;
    this.#options = options;
  }

  async upsert(id: string, content: AdapterPayload, expiresIn?: number): Promise<void> {
    const ttlMs = this.#lifetimeOf(content, expiresIn);
    const { now, storage, reused } = this.#options;
    if (this.#model === REPLAY_MODEL) {
      if (!(await storage.once.take(recordKey(this.#model, id), ttlMs ?? REPLAY_MS))) throw reused(undefined);
      return;
    }
    const record = { payload: content, ...(ttlMs === undefined ? {} : { expiresAt: now() + ttlMs }) };
    const evicted = await this.#makeRoom(id, record);
    await Promise.all(evicted.map((key) => storage.store.delete(key)));
    await this.#write(id, record, ttlMs);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const stored = OIDC_RECORD.read(await this.#options.storage.store.get(recordKey(this.#model, id)));
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
    const { storage, reused } = this.#options;
    const { store } = storage;
    const key = recordKey(this.#model, id);
    const result = await store.update([key], ([current]) => this.#consume(key, OIDC_RECORD.read(current)));
    if (result.type === 'accepted') return;
    if (result.grantId !== undefined) {
      await revokeGrantTokens(storage, result.grantId);
      await store.delete(grantKey(result.grantId), { durable: true });
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
    const key = recordKey(this.#model, id);
    this.#options.begunSignIns.remove(key);
    await this.#options.storage.store.delete(key, { durable: DURABLE.has(this.#model) });
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await revokeGrantTokens(this.#options.storage, grantId);
  }

  /** The session of a visitor, which holds the secret of a form, lives as long as a begun sign-in. */
  #lifetimeOf(payload: AdapterPayload, expiresIn: number | undefined): number | undefined {
    if (expiresIn === undefined) return undefined;
    const isBrief = this.#model === 'Session' && isOfVisitor(this.#model, { payload });
    return Math.min(expiresIn * 1000, isBrief ? VISITOR_MS : Infinity);
  }

  /** A person who is signing in may finish on a disk that is almost full, but no one may begin. */
  async #makeRoom(id: string, record: OidcRecord): Promise<readonly string[]> {
    const { storage, space, begunSignIns } = this.#options;
    const key = recordKey(this.#model, id);
    if (!isOfVisitor(this.#model, record)) {
      begunSignIns.remove(key);
      return [];
    }
    if ((await storage.store.get(key)) === undefined) space?.require();
    return begunSignIns.add(key, JSON.stringify(record).length);
  }

  /** The entries first: they may lead to no record, but each record must be found when its grant is revoked. */
  async #write(id: string, content: OidcRecord, ttlMs: number | undefined): Promise<void> {
    const { storage, indexKeys } = this.#options;
    const { record, indexes, member } = recordWrites({ model: this.#model, id, indexKeys }, content, ttlMs);
    if (member) await storage.collection.add(member.name, member.entry, ttlMs);
    await Promise.all(indexes.map((write) => putWrite(storage.store, write)));
    await putWrite(storage.store, record);
  }

  #ttlOf({ expiresAt }: OidcRecord): number | undefined {
    return expiresAt === undefined ? undefined : Math.max(1, expiresAt - this.#options.now());
  }

  #consumed(key: string, record: OidcRecord): Write {
    const consumedAt = this.#options.now();
    const payload = { ...record.payload, consumed: Math.floor(consumedAt / 1000) };
    return { key, value: { ...record, consumedAt, payload }, ttlMs: this.#ttlOf(record), durable: true };
  }

  async #findBy(indexKey: string): Promise<AdapterPayload | undefined> {
    const sealed = string.read(await this.#options.storage.store.get(indexKey));
    const open = (key: Buffer): string | never[] => unseal(key, indexKey, sealed ?? '') ?? [];
    const [id] = this.#options.indexKeys().flatMap(open);
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
    const { storage, onRestored } = this.#options;
    const members = await storage.collection.all(grantSet(origin.grantId));
    const keys = members.flatMap(({ member, value }) => (member.startsWith(`${this.#model}/`) ? [value] : []));
    const found = await Promise.all(keys.map(async (key) => ({ key, record: await this.#read(key) })));
    const known = found.flatMap(({ key, record }) => (record ? [{ key, record }] : []));
    const [newest] = known.toSorted((a, b) => rotationsOf(b.record) - rotationsOf(a.record));
    if (!newest || rotationsOf(newest.record) >= origin.rotations) return undefined;
    const { consumed: _consumed, ...unconsumed } = newest.record.payload;
    const { expiresAt } = newest.record;
    const restored: OidcRecord = { payload: { ...unconsumed, rotations: origin.rotations }, expiresAt };
    await this.#write(id, restored, this.#ttlOf(restored));
    await storage.store.update([newest.key], ([stored]): Decision<void> => {
      const record = OIDC_RECORD.read(stored);
      const isUnused = record !== undefined && record.consumedAt === undefined;
      return { result: undefined, ...(isUnused && { writes: [this.#consumed(newest.key, record)] }) };
    });
    onRestored();
    return restored;
  }

  async #read(key: string): Promise<OidcRecord | undefined> {
    return OIDC_RECORD.read(await this.#options.storage.store.get(key));
  }
}

/** The provider's storage for one model. */
export const storeAdapter =
  (options: ProviderStorageOptions) =>
  (model: string): Adapter =>
    new StoreAdapter(model, options);
