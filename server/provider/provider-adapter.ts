import type { Adapter, AdapterPayload } from 'oidc-provider';
import { isObject, stringAt } from '../../src/protocol/json.ts';
import { systemNow } from '../base/clock.ts';
import { number, shape, text, type Parser } from '../base/validate.ts';
import type { Decision, Store, Write } from '../base/store.ts';

/** Changed by the lab while the provider runs. 0: a consumed refresh token is reuse at once. */
export type ReusePolicy = { graceMs: number };

const payload: Parser<AdapterPayload> = (value) => (isObject(value) ? { ...value } : undefined);
/** Times in ms since the epoch, true time. */
const parseRecord = shape({ payload }, { expiresAt: number, consumedAt: number });
type Stored = NonNullable<ReturnType<typeof parseRecord>>;

/** What the use of a single-use token was. */
type ConsumeResult = { type: 'good' } | { type: 'reuse'; grantId: string | undefined };

/** Models whose records end with their grant. */
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

/** What the lab ends when it ends all sessions: grants, tokens, codes, and the provider's own sign-ins. */
export const REVOCABLE_PREFIXES = ['Grant', 'RefreshToken', 'AccessToken', 'AuthorizationCode', 'Session'].map(
  (model) => keyOf(model, ''),
);

/** Removes all that hangs on a grant, except the grant itself. */
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
    const record: Stored = { payload: content, ...(ttlMs === undefined ? {} : { expiresAt: systemNow() + ttlMs }) };
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
    const record = parseRecord(await this.#store.get(keyOf(this.#model, id)));
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
   * The provider asks `find` and consumes afterwards, so two requests may both have found the token unused. The
   * second to arrive here is judged again: inside the grace it goes on, outside it is reuse and ends the grant.
   */
  async consume(id: string): Promise<void> {
    const key = keyOf(this.#model, id);
    const use = await this.#store.update([key], ([current]) => this.#use(key, parseRecord(current)));
    if (use.type === 'good') return;
    if (use.grantId !== undefined) {
      await revokeGrantTokens(this.#store, use.grantId);
      await this.#store.delete(grantKey(use.grantId));
    }
    throw this.#reused(use.grantId);
  }

  #use(key: string, record: Stored | undefined): Decision<ConsumeResult> {
    // Another request of the same moment was judged reuse, and has ended the whole grant.
    if (!record) return { result: { type: 'reuse', grantId: undefined } };
    if (record.consumedAt !== undefined) {
      const grantId = stringAt(record.payload, 'grantId');
      return { result: this.#isInGrace(record) ? { type: 'good' } : { type: 'reuse', grantId } };
    }
    const consumedAt = systemNow();
    const payload = { ...record.payload, consumed: Math.floor(consumedAt / 1000) };
    const ttlMs = record.expiresAt === undefined ? undefined : Math.max(1, record.expiresAt - consumedAt);
    return { result: { type: 'good' }, writes: [{ key, value: { ...record, consumedAt, payload }, ttlMs }] };
  }

  async destroy(id: string): Promise<void> {
    await this.#store.delete(keyOf(this.#model, id));
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await revokeGrantTokens(this.#store, grantId);
  }

  async #findBy(indexKey: string): Promise<AdapterPayload | undefined> {
    const id = text(await this.#store.get(indexKey));
    return id === undefined ? undefined : this.find(id);
  }

  /** Codes and other single-use things know no grace. True time: the lab's skew must not stretch it. */
  #isInGrace(record: Stored): boolean {
    const { consumedAt } = record;
    return (
      this.#model === 'RefreshToken' && consumedAt !== undefined && systemNow() - consumedAt < this.#policy.graceMs
    );
  }
}

/** `reused` makes the error that the provider answers as `invalid_grant`. */
export const storeAdapter =
  (store: Store, policy: ReusePolicy, reused: (grantId: string | undefined) => Error) =>
  (model: string): Adapter =>
    new StoreAdapter(model, store, policy, reused);
