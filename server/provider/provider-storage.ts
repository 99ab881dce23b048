import type { Adapter, AdapterPayload } from 'oidc-provider';
import { stringAt } from '../../src/protocol/schema/json.ts';
import { looseObject, number, object, string, type Infer } from '../../src/protocol/schema/schema.ts';
import { optional } from '../../src/protocol/schema/schema-types.ts';
import { systemNow } from '../base/server-clock.ts';
import type { Decision, Store, Write } from '../base/store.ts';

/** Grace period for a consumed refresh token. 0: none. The fault routes change it while the provider runs. */
export type ReusePolicy = { graceMs: number };

/** Record on disk. Times in ms since the Unix epoch, by the system's clock. */
export const OIDC_RECORD = object({
  payload: looseObject<AdapterPayload>({}),
  expiresAt: optional(number),
  consumedAt: optional(number),
});
type OidcRecord = Infer<typeof OIDC_RECORD>;

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

const keyOf = (model: string, id: string): string => `oidc/${model}/${id}`;
const grantPrefix = (grantId: string): string => `oidc-grant/${grantId}/`;

export const grantKey = (grantId: string): string => keyOf('Grant', grantId);

/** Keys that a revocation of all sessions removes: grants, tokens, codes, and the provider's own sign-ins. */
export const REVOCABLE_PREFIXES = ['Grant', 'RefreshToken', 'AccessToken', 'AuthorizationCode', 'Session'].map(
  (model) => keyOf(model, ''),
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

class StoreAdapter implements Adapter {
  readonly #model: string;
  readonly #store: Store;
  readonly #policy: ReusePolicy;
  readonly #reused: (grantId: string | undefined) => Error;

  constructor(model: string, store: Store, policy: ReusePolicy, reused: (grantId: string | undefined) => Error) {
    this.#model = model;
    this.#store = store;
    this.#policy = policy;
    this.#reused = reused;
  }

  async upsert(id: string, content: AdapterPayload, expiresIn?: number): Promise<void> {
    const key = keyOf(this.#model, id);
    const ttlMs = expiresIn === undefined ? undefined : expiresIn * 1000;
    const record: OidcRecord = { payload: content, ...(ttlMs === undefined ? {} : { expiresAt: systemNow() + ttlMs }) };
    const writes: Write[] = [{ key, value: record, ttlMs }];
    const grantId = stringAt(content, 'grantId');
    const uid = stringAt(content, 'uid');
    const userCode = stringAt(content, 'userCode');
    if (grantId !== undefined && GRANTABLE.has(this.#model))
      writes.push({ key: `${grantPrefix(grantId)}${this.#model}/${id}`, value: key, ttlMs });
    if (uid !== undefined && this.#model === 'Session') writes.push({ key: `oidc-uid/${uid}`, value: id, ttlMs });
    if (userCode !== undefined) writes.push({ key: `oidc-user-code/${userCode}`, value: id, ttlMs });
    await this.#store.update([], () => ({ result: undefined, writes }));
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const record = OIDC_RECORD.read(await this.#store.get(keyOf(this.#model, id)));
    if (!record) return undefined;
    const { consumed, ...unconsumed } = record.payload;
    return consumed !== undefined && this.#isInGrace(record) ? unconsumed : record.payload;
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#findBy(`oidc-uid/${uid}`);
  }

  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.#findBy(`oidc-user-code/${userCode}`);
  }

  /**
   * The provider calls `find` before `consume`, so two requests may both find the token unused. This method checks the
   * second one again: inside the grace period it accepts the token, outside it revokes the grant for reuse.
   */
  async consume(id: string): Promise<void> {
    const key = keyOf(this.#model, id);
    const result = await this.#store.update([key], ([current]) => this.#consume(key, OIDC_RECORD.read(current)));
    if (result.type === 'accepted') return;
    if (result.grantId !== undefined) {
      await revokeGrantTokens(this.#store, result.grantId);
      await this.#store.delete(grantKey(result.grantId));
    }
    throw this.#reused(result.grantId);
  }

  #consume(key: string, record: OidcRecord | undefined): Decision<ConsumeResult> {
    // A parallel request was reuse, and has revoked the grant.
    if (!record) return { result: { type: 'reuse', grantId: undefined } };
    if (record.consumedAt !== undefined) {
      const grantId = stringAt(record.payload, 'grantId');
      return { result: this.#isInGrace(record) ? { type: 'accepted' } : { type: 'reuse', grantId } };
    }
    const consumedAt = systemNow();
    const payload = { ...record.payload, consumed: Math.floor(consumedAt / 1000) };
    const ttlMs = record.expiresAt === undefined ? undefined : Math.max(1, record.expiresAt - consumedAt);
    return { result: { type: 'accepted' }, writes: [{ key, value: { ...record, consumedAt, payload }, ttlMs }] };
  }

  async destroy(id: string): Promise<void> {
    await this.#store.delete(keyOf(this.#model, id));
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await revokeGrantTokens(this.#store, grantId);
  }

  async #findBy(indexKey: string): Promise<AdapterPayload | undefined> {
    const id = string.read(await this.#store.get(indexKey));
    return id === undefined ? undefined : this.find(id);
  }

  /** Only refresh tokens have a grace period. Uses the system's clock, so that the clock skew does not change it. */
  #isInGrace(record: OidcRecord): boolean {
    const { consumedAt } = record;
    return (
      this.#model === 'RefreshToken' && consumedAt !== undefined && systemNow() - consumedAt < this.#policy.graceMs
    );
  }
}

/** `reused` creates the error that the provider returns as `invalid_grant`. */
export const storeAdapter =
  (store: Store, policy: ReusePolicy, reused: (grantId: string | undefined) => Error) =>
  (model: string): Adapter =>
    new StoreAdapter(model, store, policy, reused);
