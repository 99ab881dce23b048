import { DPoP, modifyAssertion, type DPoPHandle } from 'oauth4webapi';
import { looseObject, object, string } from '../../protocol/schema/schema.ts';
import { getSealed, putDurably, type Disk } from '../storage/database.ts';
import { DPOP_PREFIX as PREFIX, type FirstRead, SEALED, type Sealed } from '../storage/first-read.ts';
import type { Sealer } from '../storage/encryption.ts';
import { createProofRetry, type ProofRetry } from './provider-quirks.ts';

const ES256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** A key pair as JSON Web Keys (RFC 7517). WebCrypto checks the other fields. */
export const STORED_KEY_PAIR = object({
  public: looseObject<JsonWebKey>({ x: string }),
  private: looseObject<JsonWebKey>({}),
});

export type DpopKeys = {
  /** Generates a key, seals it to the disk, and returns its name. */
  create(): Promise<string>;
  /** The handle that signs proofs. There is one for each key in a worker's life, because it remembers nonces. */
  handle(name: string): Promise<DPoPHandle>;
  readonly mayRetry: ProofRetry['mayRetry'];
  /** Deletes all other keys. */
  keepOnly(names: ReadonlySet<string>): Promise<void>;
  /** Writes the keys that this worker has used to the disk again, after a script deleted the database. */
  rewrite(): Promise<unknown>;
};

export type DpopKeysOptions = {
  disk: Disk;
  sealer: Sealer;
  /** What the worker read at its start. A row never changes under its name, except for the key that seals it. */
  firstRead?: FirstRead | undefined;
  now(): number;
};

/**
 * The private key is extractable once, to be sealed. A non-extractable import of it signs the proofs. A key object in
 * IndexedDB would not do: any page that opens the database could use it (measured).
 */
export const createDpopKeys = ({ disk, sealer, firstRead, now }: DpopKeysOptions): DpopKeys => {
  const handles = new Map<string, Promise<DPoPHandle>>();
  /** Made in this worker's life: a pending sign-in may need one that no record names yet. */
  const fresh = new Set<string>();
  /** The records that `rewrite` writes. */
  const written = new Map<string, Sealed>();
  const { skewOf, mayRetry } = createProofRetry(now);

  /** A key that the disk does not take still works while this worker lives. */
  const put = (name: string, sealed: Sealed): Promise<void> =>
    disk.use((db) => putDurably(db, 'sealed', PREFIX + name, sealed)).catch(() => undefined);

  const handleOf = async (stored: unknown): Promise<DPoPHandle> => {
    const pair = STORED_KEY_PAIR.read(stored);
    if (!pair) throw new DOMException('key', 'DataError');
    const publicKey = await crypto.subtle.importKey('jwk', pair.public, ES256, true, ['verify']);
    const privateKey = await crypto.subtle.importKey('jwk', pair.private, ES256, false, ['sign']);
    const options = {
      [modifyAssertion](_header: object, claims: Record<string, unknown>) {
        claims['iat'] = Number(claims['iat']) + skewOf(String(claims['htu']));
      },
    };
    return DPoP({}, { publicKey, privateKey }, options);
  };

  const write = async (name: string, stored: unknown): Promise<void> => {
    const sealed = await sealer.seal(stored, PREFIX + name);
    written.set(name, sealed);
    await put(name, sealed);
  };

  const load = async (name: string): Promise<DPoPHandle> => {
    const rows = await firstRead?.rows.catch(() => undefined);
    const sealed = SEALED.read(rows?.dpop.get(name)) ?? (await getSealed(disk, PREFIX + name));
    if (!sealed) throw new DOMException('key', 'NotFoundError');
    const stored = await sealer.open(sealed, PREFIX + name);
    if (sealed.key === sealer.key) written.set(name, sealed);
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
    mayRetry,
    async keepOnly(names) {
      const unneeded = (name: string): boolean => !names.has(name) && !fresh.has(name);
      for (const name of handles.keys()) if (unneeded(name)) handles.delete(name);
      await disk.use(async (db) => {
        const tx = db.transaction('sealed', 'readwrite');
        for (const key of await tx.store.getAllKeys(IDBKeyRange.bound(PREFIX, `${PREFIX}\uffff`))) {
          if (unneeded(key.slice(PREFIX.length))) await tx.store.delete(key);
        }
        await tx.done;
      });
    },
    rewrite: () => Promise.all([...written].map(([name, sealed]) => put(name, sealed))),
  };
};
