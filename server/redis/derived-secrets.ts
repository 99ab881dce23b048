import { createECDH, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { JsonObject } from '../../src/protocol/schema/json.ts';
import { digest } from '../base/crypto.ts';
import { DataDirError } from '../data-folder/data-dir-error.ts';
import { FORMER_INSTALL_KEYS } from '../storage/lmdb-secrets.ts';
import type { InstallKey, Keyring, Secrets } from '../storage/storage.ts';

/*
 * Secrets of a fleet. All derive from secrets that come from outside, and none is in the store: an empty store must not give
 * an instance other keys than the rest of the fleet has.
 */

export type FleetSecrets = Secrets & {
  /** Keys for one use, newest first. */
  ring(use: string): Keyring;
  stop(): void;
};

export type SecretSource = { secret?: string | undefined; keyFile?: string | undefined };

const KEY_BYTES = 32;
const MIN_LENGTH = 32;
const MAX_SECRETS = 5;
const ID_LENGTH = 6;
const LOOK_EVERY_MS = 2_000;
const SALT = 'session-keeper fleet';

const derive = (secret: string, use: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, SALT, `session-keeper ${use}`, KEY_BYTES));

type Ring = readonly [string, ...string[]];

const splitSecrets = (text: string, origin: string): Ring => {
  const [first, ...others] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const secrets: Ring | undefined = first === undefined ? undefined : [first, ...others];
  if (!secrets || secrets.length > MAX_SECRETS || secrets.some(({ length }) => length < MIN_LENGTH))
    throw new DataDirError(
      `${origin} must have 1 to ${MAX_SECRETS} secrets of at least ${MIN_LENGTH} characters, one a line, the newest first. ` +
        'All instances need the same. Make one with: openssl rand -base64 32',
    );
  return secrets;
};

const readSource = ({ secret, keyFile }: SecretSource): Ring => {
  if (keyFile !== undefined) {
    try {
      return splitSecrets(readFileSync(keyFile, 'utf8'), `The key file ${keyFile}`);
    } catch (error) {
      if (error instanceof DataDirError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new DataDirError(`The key file ${keyFile} cannot be read: ${reason}`);
    }
  }
  return splitSecrets(
    secret ?? '',
    'A shared store needs a secret from outside. KEEPER_SECRET, or the file KEEPER_KEY_FILE,',
  );
};

/** ES256 (RFC 7518 §3.4): the private key is a number below the order of the curve, which almost all 32 bytes are. */
const signingKey = (secret: string, attempt = 0): JsonObject => {
  const curve = createECDH('prime256v1');
  try {
    curve.setPrivateKey(derive(secret, `provider-signing-key ${attempt}`));
  } catch {
    return signingKey(secret, attempt + 1);
  }
  const point = curve.getPublicKey();
  const text = (bytes: Buffer): string => bytes.toString('base64url');
  const [x, y] = [text(point.subarray(1, 1 + KEY_BYTES)), text(point.subarray(1 + KEY_BYTES))];
  const kid = digest(`${x}.${y}`).slice(0, ID_LENGTH * 2);
  return { kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid, x, y, d: text(curve.getPrivateKey()) };
};

const installKey = (secret: string, number: number): InstallKey => {
  const key = derive(secret, `install-key ${number}`);
  return { id: digest(`id ${key.toString('base64url')}`).slice(0, ID_LENGTH), key };
};

/** `onBadFile`: the file changed, and has no usable secrets. The former ones stay in use. */
export const createFleetSecrets = (source: SecretSource, onBadFile: (reason: string) => void): FleetSecrets => {
  let secrets = readSource(source);
  const listeners: (() => void)[] = [];
  const keysOf = new Map<string, readonly [Buffer, ...Buffer[]]>();

  const look = (): void => {
    try {
      const next = readSource(source);
      if (next.join(' ') === secrets.join(' ')) return;
      secrets = next;
      keysOf.clear();
      for (const listener of listeners) listener();
    } catch (error) {
      onBadFile(error instanceof Error ? error.message : String(error));
    }
  };
  // Mounted secrets are replaced by a link to another folder, which no watch of the file notices.
  const timer = source.keyFile === undefined ? undefined : setInterval(look, LOOK_EVERY_MS).unref();

  const ring =
    (use: string): Keyring =>
    () => {
      const known = keysOf.get(use);
      if (known) return known;
      const [first, ...others] = secrets;
      const keys: readonly [Buffer, ...Buffer[]] = [derive(first, use), ...others.map((each) => derive(each, use))];
      keysOf.set(use, keys);
      return keys;
    };

  return {
    ring,
    keys: async (name) => ring(`key ${name}`),
    signingKeys: async () => secrets.map((secret) => signingKey(secret)),
    installKeys: async (number) => () => {
      const [newest, ...others] = secrets;
      const own = Array.from({ length: Math.min(number, FORMER_INSTALL_KEYS + 1) }, (_, back) => number - back);
      return [...own.map((each) => installKey(newest, each)), ...others.map((each) => installKey(each, number))];
    },
    onChange: (listener) => void listeners.push(listener),
    stop: () => clearInterval(timer),
  };
};
