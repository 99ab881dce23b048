import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digest, randomId } from '../base/crypto.ts';
import { object, string, type Infer } from '../../src/protocol/schema/schema.ts';
import { count, optional } from '../../src/protocol/schema/schema-types.ts';
import type { Store } from '../base/store.ts';

/** A complete upload. */
const RECEIPT = object({ bytes: count, sha256: string });
export type Receipt = Infer<typeof RECEIPT>;

export const STORED_UPLOAD = object({ length: count, receipt: optional(RECEIPT) });

/** `offset`: bytes on the server's disk. */
export type UploadStatus = { offset: number; length: number; receipt: Receipt | undefined };

export type UploadPart = { offset: number; complete: boolean; body: ReadableStream<Uint8Array> | null };

export type AppendResult =
  | { type: 'absent' }
  /** The part does not start at the upload's offset. */
  | { type: 'mismatch'; offset: number }
  | { type: 'too-long' }
  /** Another request for the upload started, or the connection broke. The bytes that arrived before stay. */
  | { type: 'cut' }
  | { type: 'appended'; offset: number }
  | { type: 'received'; receipt: Receipt };

/** Uploads in parts. Received bytes survive a restart of the server. */
export type Uploads = {
  /** Returns the upload's id, the same for the same key. `undefined`: the owner has too many unfinished uploads. */
  begin(owner: string, length: number, key: string | undefined): Promise<string | undefined>;
  status(owner: string, id: string): Promise<UploadStatus | undefined>;
  append(owner: string, id: string, part: UploadPart): Promise<AppendResult>;
  remove(owner: string, id: string): Promise<boolean>;
};

export const MAX_UPLOAD_BYTES = 1024 * 1024 * 1024;
const MAX_UNFINISHED = 16;
const UPLOAD_TTL_MS = 24 * 60 * 60 * 1000;

const receiptOf = (bytes: number, hash: Hash): Receipt => ({ bytes, sha256: hash.digest('hex') });

/** Counts and hashes a body without storing it; `undefined` if it is too long. */
export const receiveBody = async (body: ReadableStream<Uint8Array> | null): Promise<Receipt | undefined> => {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_UPLOAD_BYTES) return undefined;
    hash.update(chunk);
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
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return receiptOf(bytes, hash);
};

/** Removes the files of abandoned uploads. Their rows in the store expire. */
const removeOldFiles = async (dir: string, olderThan: number): Promise<void> => {
  for (const name of await readdir(dir)) {
    const { mtimeMs } = await stat(join(dir, name)).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (mtimeMs < olderThan) await rm(join(dir, name), { force: true });
  }
};

/** The chunks of a body, until the signal aborts. A client that lost its connection may send nothing for a long time. */
const readChunks = async function* (body: ReadableStream<Uint8Array> | null, signal: AbortSignal) {
  const reader = body?.getReader();
  const cancel = (): void => void reader?.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel);
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) yield next.value;
  signal.removeEventListener('abort', cancel);
};

/** Appends a body to the file. Resolves when the bytes are on the disk, also those of an interrupted body. */
const appendToFile = async (
  file: string,
  { offset, body }: UploadPart,
  length: number,
  signal: AbortSignal,
): Promise<'written' | 'cut' | 'too-long'> => {
  const handle = await open(file, 'a');
  let end = offset;
  try {
    for await (const chunk of readChunks(body, signal)) {
      end += chunk.length;
      if (end > length) return 'too-long';
      await handle.write(chunk);
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
 * Runs one request at a time for each upload. A newer request aborts the older one. After a lost connection the older
 * one may hang for a while, and the newer one comes from the same client.
 */
const createUploadQueue = () => {
  const running = new Map<string, { stop: AbortController; ended: Promise<unknown> }>();
  return async <T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const previous = running.get(id);
    previous?.stop.abort();
    const stop = new AbortController();
    const result = (async () => {
      await previous?.ended;
      return work(stop.signal);
    })();
    const current = { stop, ended: result.catch(() => undefined) };
    running.set(id, current);
    await current.ended;
    if (running.get(id) === current) running.delete(id);
    return result;
  };
};

export const createUploads = (dir: string, store: Store): Uploads => {
  const enqueue = createUploadQueue();
  const keyOf = (owner: string, id: string): string => `upload/${owner}/${id}`;
  const fileOf = (owner: string, id: string): string => join(dir, digest(keyOf(owner, id)));

  const statusOf = async (owner: string, id: string): Promise<UploadStatus | undefined> => {
    const row = STORED_UPLOAD.read(await store.get(keyOf(owner, id)));
    if (!row) return undefined;
    const offset = row.receipt ? row.receipt.bytes : await sizeOf(fileOf(owner, id));
    return { offset, length: row.length, receipt: row.receipt };
  };

  const finish = async (owner: string, id: string, length: number): Promise<Receipt> => {
    const receipt = await digestFile(fileOf(owner, id), length);
    await store.put(keyOf(owner, id), { length, receipt }, UPLOAD_TTL_MS);
    await rm(fileOf(owner, id), { force: true });
    return receipt;
  };

  const append = async (owner: string, id: string, part: UploadPart, signal: AbortSignal): Promise<AppendResult> => {
    const status = await statusOf(owner, id);
    if (!status) return { type: 'absent' };
    if (part.offset !== status.offset) return { type: 'mismatch', offset: status.offset };
    // The client did not receive the response to the last part, and repeats it.
    if (status.receipt) return { type: 'received', receipt: status.receipt };
    const outcome = await appendToFile(fileOf(owner, id), part, status.length, signal);
    if (outcome !== 'written') return { type: outcome };
    const offset = await sizeOf(fileOf(owner, id));
    if (!part.complete) return { type: 'appended', offset };
    return offset === status.length
      ? { type: 'received', receipt: await finish(owner, id, offset) }
      : { type: 'mismatch', offset };
  };

  return {
    async begin(owner, length, key) {
      await mkdir(dir, { recursive: true });
      await removeOldFiles(dir, Date.now() - UPLOAD_TTL_MS);
      const rows = await store.list(`upload/${owner}/`);
      const unfinished = rows.filter(({ value }) => STORED_UPLOAD.read(value)?.receipt === undefined);
      if (unfinished.length >= MAX_UNFINISHED) return undefined;
      const id = key === undefined ? randomId() : digest(`${owner}/${key}`);
      await store.update([keyOf(owner, id)], ([current]) => ({
        result: undefined,
        writes: current === undefined ? [{ key: keyOf(owner, id), value: { length }, ttlMs: UPLOAD_TTL_MS }] : [],
      }));
      return id;
    },
    status: (owner, id) => enqueue(id, () => statusOf(owner, id)),
    append: (owner, id, part) => enqueue(id, (signal) => append(owner, id, part, signal)),
    remove: (owner, id) =>
      enqueue(id, async () => {
        if (!(await statusOf(owner, id))) return false;
        await store.delete(keyOf(owner, id));
        await rm(fileOf(owner, id), { force: true });
        return true;
      }),
  };
};
