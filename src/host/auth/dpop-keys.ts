import { DPoP, modifyAssertion, type DPoPHandle } from 'oauth4webapi';
import { isObject, own, stringAt } from '../../protocol/json.ts';
import { putDurably, type Disk, type Sealed } from '../storage/database.ts';
import { serverClockSkew } from './http.ts';
import type { Sealer } from '../storage/encryption.ts';

const ES256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const PREFIX = 'dpop:';
/** A `Date` counts in whole seconds and was a while on its way. */
const SAME_CLOCK_S = 5;

export type DpopKeys = {
  /** Makes a key, seals it to the disk, and gives its name. */
  create(): Promise<string>;
  /** The handle that signs proofs with it; one for each worker life, for it remembers the servers' nonces. */
  handle(name: string): Promise<DPoPHandle>;
  /**
   * Whether another proof may do where this `error` (RFC 9449 §7.1, §8) refused the last one: the server has given a
   * nonce with its answer, or tells the time, by which it judges how old a proof is (§4.3).
   */
  mend(error: unknown, answer: Response): Promise<boolean>;
  /** Forgets every key but these. */
  keepOnly(names: ReadonlySet<string>): Promise<void>;
  /** Writes all that were used in this worker's life again, after the database was deleted. */
  rewrite(): Promise<unknown>;
};

/**
 * The private key leaves `generateKey` extractable once, to be sealed; what signs is a non-extractable import. A
 * non-extractable key in IndexedDB would be portable to any page that can open the database (measured).
 */
export const createDpopKeys = (disk: Disk, sealer: Sealer, now: () => number): DpopKeys => {
  const handles = new Map<string, Promise<DPoPHandle>>();
  /** Made in this worker's life: a sign-in may need one that is not written down yet. */
  const fresh = new Set<string>();
  /** As they are on the disk, should that be deleted. */
  const sealedBy = new Map<string, Sealed>();
  /** Seconds that a server's clock is ahead of this one, by origin, where that has cost a proof. */
  const skews = new Map<string, number>();

  /** A key that could not be written down still serves this worker's life. */
  const put = (name: string, sealed: Sealed): Promise<void> =>
    disk.use((db) => putDurably(db, 'sealed', PREFIX + name, sealed)).catch(() => undefined);

  const handleOf = async (stored: unknown): Promise<DPoPHandle> => {
    const pub = isObject(stored) ? own(stored, 'public') : undefined;
    const priv = isObject(stored) ? own(stored, 'private') : undefined;
    if (!isObject(pub) || !isObject(priv) || stringAt(pub, 'x') === undefined)
      throw new DOMException('key', 'DataError');
    const publicKey = await crypto.subtle.importKey('jwk', pub, ES256, true, ['verify']);
    const privateKey = await crypto.subtle.importKey('jwk', priv, ES256, false, ['sign']);
    const options = {
      [modifyAssertion](_header: object, claims: Record<string, unknown>) {
        claims['iat'] = Number(claims['iat']) + (skews.get(new URL(String(claims['htu'])).origin) ?? 0);
      },
    };
    return DPoP({}, { publicKey, privateKey }, options);
  };

  const write = async (name: string, stored: unknown): Promise<void> => {
    const sealed = await sealer.seal(stored, PREFIX + name);
    sealedBy.set(name, sealed);
    await put(name, sealed);
  };

  const load = async (name: string): Promise<DPoPHandle> => {
    const sealed = await disk.use((db) => db.get('sealed', PREFIX + name));
    if (!sealed) throw new DOMException('key', 'NotFoundError');
    const stored = await sealer.open(sealed, PREFIX + name);
    if (sealed.key === sealer.key) sealedBy.set(name, sealed);
    else await write(name, stored);
    return handleOf(stored);
  };

  return {
    async create() {
      const name = crypto.randomUUID();
      const pair = await crypto.subtle.generateKey(ES256, true, ['sign', 'verify']);
      const [pub, priv] = await Promise.all([
        crypto.subtle.exportKey('jwk', pair.publicKey),
        crypto.subtle.exportKey('jwk', pair.privateKey),
      ]);
      const stored = { public: pub, private: priv };
      handles.set(name, handleOf(stored));
      fresh.add(name);
      await write(name, stored);
      return name;
    },
    handle(name) {
      const mine = handles.get(name) ?? load(name);
      handles.set(name, mine);
      mine.catch(() => handles.delete(name));
      return mine;
    },
    async mend(error, answer) {
      if (error !== 'invalid_dpop_proof') return error === 'use_dpop_nonce';
      const { origin } = new URL(answer.url);
      const skew = await serverClockSkew(answer, now);
      const isNews = Math.abs(skew - (skews.get(origin) ?? 0)) > SAME_CLOCK_S;
      if (isNews) skews.set(origin, skew);
      return isNews;
    },
    async keepOnly(names) {
      const needless = (name: string): boolean => !names.has(name) && !fresh.has(name);
      for (const name of handles.keys()) if (needless(name)) handles.delete(name);
      await disk.use(async (db) => {
        const tx = db.transaction('sealed', 'readwrite');
        for (const key of await tx.store.getAllKeys(IDBKeyRange.bound(PREFIX, `${PREFIX}\uffff`))) {
          if (needless(key.slice(PREFIX.length))) await tx.store.delete(key);
        }
        await tx.done;
      });
    },
    rewrite: () => Promise.all([...sealedBy].map(([name, sealed]) => put(name, sealed))),
  };
};
