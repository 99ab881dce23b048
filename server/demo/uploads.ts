import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digest, randomId } from '../base/crypto.ts';
import { count, shape, text } from '../base/validate.ts';
import type { Store } from '../base/store.ts';

/** What was received whole. */
export type Receipt = { bytes: number; sha256: string };

/** `offset`: bytes of it that are on this server's disk. */
export type UploadStatus = { offset: number; length: number; receipt: Receipt | undefined };

export type UploadPart = { offset: number; complete: boolean; body: ReadableStream<Uint8Array> | null };

export type AppendResult =
  | { type: 'absent' }
  /** The part does not begin where the upload ends. */
  | { type: 'mismatch'; offset: number }
  | { type: 'too-long' }
  /** Another request for the same upload came, or the connection broke: what had come until then is kept. */
  | { type: 'cut' }
  | { type: 'appended'; offset: number }
  | { type: 'received'; receipt: Receipt };

/** Uploads that come in parts; what has come survives a restart of this server. */
export type Uploads = {
  /** With the same key the same upload; `undefined`: this owner has too many that are not finished. */
  begin(owner: string, length: number, key: string | undefined): Promise<string | undefined>;
  status(owner: string, id: string): Promise<UploadStatus | undefined>;
  append(owner: string, id: string, part: UploadPart): Promise<AppendResult>;
  remove(owner: string, id: string): Promise<boolean>;
};

export const MAX_UPLOAD_BYTES = 1024 * 1024 * 1024;
const UNFINISHED_MOST = 16;
const KEPT_MS = 24 * 60 * 60 * 1000;

const parseReceipt = shape({ bytes: count, sha256: text });
const parseUpload = shape({ length: count }, { receipt: parseReceipt });

const receiptOf = (bytes: number, hash: Hash): Receipt => ({ bytes, sha256: hash.digest('hex') });

/** Counts and digests a body that is kept nowhere; `undefined` for one that is too long. */
export const receiveBody = async (body: ReadableStream<Uint8Array> | null): Promise<Receipt | undefined> => {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > MAX_UPLOAD_BYTES) return undefined;
    hash.update(piece);
  }
  return receiptOf(bytes, hash);
};

const sizeOf = async (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

const digestFile = async (file: string, bytes: number): Promise<Receipt> => {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return receiptOf(bytes, hash);
};

/** Forgotten uploads: their rows have expired by themselves. */
const sweep = async (dir: string, olderThan: number): Promise<void> => {
  for (const name of await readdir(dir)) {
    const { mtimeMs } = await stat(join(dir, name)).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (mtimeMs < olderThan) await rm(join(dir, name), { force: true });
  }
};

/** The pieces of a body, until the signal aborts: a sender that is gone may say nothing for a long time. */
const pieces = async function* (body: ReadableStream<Uint8Array> | null, signal: AbortSignal) {
  const reader = body?.getReader();
  const cancel = (): void => void reader?.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel);
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) yield next.value;
  signal.removeEventListener('abort', cancel);
};

/** Writes a body behind what is there. Resolves when it is on the disk, also what came of it before it was cut. */
const write = async (
  file: string,
  { offset, body }: UploadPart,
  length: number,
  signal: AbortSignal,
): Promise<'written' | 'cut' | 'too-long'> => {
  const handle = await open(file, 'a');
  let end = offset;
  try {
    for await (const piece of pieces(body, signal)) {
      end += piece.length;
      if (end > length) return 'too-long';
      await handle.write(piece);
    }
    return signal.aborted ? 'cut' : 'written';
  } catch {
    return 'cut';
  } finally {
    await handle.datasync();
    await handle.close();
  }
};

/**
 * One request at a time for each upload. A newer one ends the older: after a lost connection the older may hang here
 * for a while, and its sender is the one that asks again.
 */
const createTurns = () => {
  const turns = new Map<string, { stop: AbortController; ended: Promise<unknown> }>();
  return async <T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const before = turns.get(id);
    before?.stop.abort();
    const stop = new AbortController();
    const result = (async () => {
      await before?.ended;
      return work(stop.signal);
    })();
    const mine = { stop, ended: result.catch(() => undefined) };
    turns.set(id, mine);
    await mine.ended;
    if (turns.get(id) === mine) turns.delete(id);
    return result;
  };
};

export const createUploads = (dir: string, store: Store): Uploads => {
  const inTurn = createTurns();
  const keyOf = (owner: string, id: string): string => `upload/${owner}/${id}`;
  const fileOf = (owner: string, id: string): string => join(dir, digest(keyOf(owner, id)));

  const standing = async (owner: string, id: string): Promise<UploadStatus | undefined> => {
    const row = parseUpload(await store.get(keyOf(owner, id)));
    if (!row) return undefined;
    const offset = row.receipt ? row.receipt.bytes : await sizeOf(fileOf(owner, id));
    return { offset, length: row.length, receipt: row.receipt };
  };

  const finish = async (owner: string, id: string, length: number): Promise<Receipt> => {
    const receipt = await digestFile(fileOf(owner, id), length);
    await store.put(keyOf(owner, id), { length, receipt }, KEPT_MS);
    await rm(fileOf(owner, id), { force: true });
    return receipt;
  };

  const append = async (owner: string, id: string, part: UploadPart, signal: AbortSignal): Promise<AppendResult> => {
    const known = await standing(owner, id);
    if (!known) return { type: 'absent' };
    if (part.offset !== known.offset) return { type: 'mismatch', offset: known.offset };
    // asked for once more, because the answer to the last part was lost
    if (known.receipt) return { type: 'received', receipt: known.receipt };
    const outcome = await write(fileOf(owner, id), part, known.length, signal);
    if (outcome !== 'written') return { type: outcome };
    const offset = await sizeOf(fileOf(owner, id));
    if (!part.complete) return { type: 'appended', offset };
    return offset === known.length
      ? { type: 'received', receipt: await finish(owner, id, offset) }
      : { type: 'mismatch', offset };
  };

  return {
    async begin(owner, length, key) {
      await mkdir(dir, { recursive: true });
      await sweep(dir, Date.now() - KEPT_MS);
      const rows = await store.list(`upload/${owner}/`);
      const unfinished = rows.filter(({ value }) => parseUpload(value)?.receipt === undefined);
      if (unfinished.length >= UNFINISHED_MOST) return undefined;
      const id = key === undefined ? randomId() : digest(`${owner}/${key}`);
      await store.update([keyOf(owner, id)], ([current]) => ({
        result: undefined,
        writes: current === undefined ? [{ key: keyOf(owner, id), value: { length }, ttlMs: KEPT_MS }] : [],
      }));
      return id;
    },
    status: (owner, id) => inTurn(id, () => standing(owner, id)),
    append: (owner, id, part) => inTurn(id, (signal) => append(owner, id, part, signal)),
    remove: (owner, id) =>
      inTurn(id, async () => {
        if (!(await standing(owner, id))) return false;
        await store.delete(keyOf(owner, id));
        await rm(fileOf(owner, id), { force: true });
        return true;
      }),
  };
};
