import type { SealSecret } from '../../protocol/config.ts';
import type { Schema } from '../../protocol/schema/schema.ts';
import type { Disk } from './database.ts';
import { LOCAL_KEY, type Sealed } from './first-read.ts';

export type Sealer = {
  /** Name of the key that `seal` uses. Records under another key are to be sealed again. */
  readonly key: string;
  /** Authenticates `context` too: a record that was moved to another place or deployment does not open. */
  seal(value: unknown, context: string): Promise<Sealed>;
  /** Rejects with `InvalidAccessError` for an unknown key, with `OperationError` for another context or changed bytes. */
  open(sealed: Sealed, context: string): Promise<unknown>;
  /** Takes the local key that the caller has read from the store `keys`, so that `open` need not read it. */
  useStored(key: unknown): void;
  /** Writes the local key to the disk again, after a script deleted the database. */
  rewrite(): Promise<unknown>;
  /** The same keys for the records of another deployment, or of another sign-in kind. */
  boundTo(deployment: string): Sealer;
};

/** The disk with the local key. */
type KeyDisk = Pick<Disk, 'use'>;

/** Name of the key that lies beside the data. */
const LOCAL = 'local';
const AES = { name: 'AES-GCM', length: 256 } as const;
const IV_BYTES = 12;
const text = new TextEncoder();

/** Tier T2: derives the key from a secret that the server sends only with a service-worker script. */
const derive = async (secret: string): Promise<CryptoKey> => {
  const base = await crypto.subtle.importKey('raw', text.encode(secret), 'HKDF', false, ['deriveKey']);
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: text.encode('session-keeper seal') };
  return crypto.subtle.deriveKey(hkdf, base, AES, false, ['encrypt', 'decrypt']);
};

/** Not `instanceOf(CryptoKey)`: an insecure page, which can have no host, still loads this module without that class. */
export const STORED_KEY: Schema<CryptoKey> = {
  type: 'CryptoKey',
  read: (value) => (value instanceof CryptoKey ? value : undefined),
};

/**
 * Tiers T0 and T1: a non-extractable key beside the data. It hides tokens from a casual look at the disk only: page
 * script can use it (SECURITY.md, tier compatible).
 */
const stored = (disk: KeyDisk, create: boolean): Promise<CryptoKey> =>
  disk.use(async (db) => {
    const found = STORED_KEY.read(await db.get('keys', LOCAL_KEY));
    if (found) return found;
    if (!create) throw new DOMException(LOCAL, 'InvalidAccessError');
    const made = await crypto.subtle.generateKey(AES, false, ['encrypt', 'decrypt']);
    // Two workers may start at once. Both use the key that the first of them wrote.
    const tx = db.transaction('keys', 'readwrite', { durability: 'strict' });
    const other = STORED_KEY.read(await tx.store.get(LOCAL_KEY));
    if (!other) await tx.store.put(made, LOCAL_KEY);
    await tx.done;
    return other ?? made;
  });

/** `deployment` names the origin, provider and client that may open the records. */
export const createSealer = (disk: KeyDisk, deployment: string, seal: SealSecret | undefined): Sealer => {
  const name = seal?.id ?? LOCAL;
  const secrets = seal ? [seal, ...(seal.former ?? [])] : [];
  const keys = new Map<string, Promise<CryptoKey>>();
  const key = async (id: string): Promise<CryptoKey> => {
    const secret = secrets.find((each) => each.id === id)?.secret;
    // The local key opens what a page without a worker, or a worker without a seal, wrote. The caller seals it again.
    if (!secret && id !== LOCAL) throw new DOMException(id, 'InvalidAccessError');
    const mine = keys.get(id) ?? (secret ? derive(secret) : stored(disk, id === name));
    keys.set(id, mine);
    mine.catch(() => keys.delete(id));
    return mine;
  };
  // The rows come later than this key, which needs no disk. A failure shows at its first use.
  if (seal) key(name).catch(() => undefined);
  const bound = (to: string): Pick<Sealer, 'seal' | 'open'> => {
    const aes = (iv: Uint8Array<ArrayBuffer>, context: string) => ({
      name: 'AES-GCM',
      iv,
      additionalData: text.encode(`${to}\n${context}`),
    });
    return {
      async seal(value, context) {
        const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
        const data = await crypto.subtle.encrypt(aes(iv, context), await key(name), text.encode(JSON.stringify(value)));
        return { key: name, iv, data };
      },
      async open(sealed, context) {
        const data = await crypto.subtle.decrypt(aes(sealed.iv, context), await key(sealed.key), sealed.data);
        return JSON.parse(new TextDecoder().decode(data)) as unknown;
      },
    };
  };
  const sealer: Sealer = {
    key: name,
    ...bound(deployment),
    boundTo: (other) => ({ ...sealer, ...bound(other) }),
    useStored(value) {
      const found = STORED_KEY.read(value);
      // Also in place of a key in memory: another worker may have made a new one since.
      if (found && !seal) keys.set(name, Promise.resolve(found));
    },
    rewrite: async () => {
      if (!seal && keys.has(name)) await disk.use(async (db) => db.add('keys', await key(name), LOCAL_KEY));
    },
  };
  return sealer;
};
