import { createHash, type Hash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { digest, randomId } from '../base/crypto.ts';
import { number, object, string, type Infer } from '../../src/protocol/schema/schema.ts';
import { count, list, optional, withDefault } from '../../src/protocol/schema/schema-types.ts';
import { StoreUnavailable, type Decision, type Store, type Write } from '../base/store.ts';
import type { UploadLease } from './upload-lease.ts';
import type { DiskSpace } from '../data-folder/disk-space.ts';

/** A complete upload. */
const RECEIPT = object({ bytes: count, sha256: string });
export type Receipt = Infer<typeof RECEIPT>;

export const STORED_UPLOAD = object({ length: count, receipt: optional(RECEIPT) });

/** The unfinished uploads of one owner. `at`: when the upload began. */
export const UPLOAD_SLOTS = withDefault(list(object({ id: string, at: number })), []);

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
const FILE_MODE = 0o600;
const UPLOAD_TTL_MS = 24 * 60 * 60 * 1000;
const CLEAN_UP_EVERY_MS = 60 * 60 * 1000;
const RETRY_SECONDS = 60;

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

/** Removes the files of abandoned uploads. The row of an upload has expired when its file is this old. */
const removeAbandonedFiles = async (dir: string, now: number): Promise<void> => {
  for (const name of await readdir(dir)) {
    const writtenAt = await stat(join(dir, name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => now,
    );
    if (now - writtenAt > UPLOAD_TTL_MS) await rm(join(dir, name), { force: true });
  }
};

/** The disk is full, or a quota or limit of the server's user is used up. */
const OUT_OF_SPACE: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];
const isOutOfSpace = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && OUT_OF_SPACE.includes(error.code);

/** The chunks of a body, until the signal aborts. A client that lost its connection may send nothing for a long time. */
const readChunks = async function* (body: ReadableStream<Uint8Array> | null, signal: AbortSignal) {
  const reader = body?.getReader();
  const cancel = (): void => void reader?.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel);
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) yield next.value;
  signal.removeEventListener('abort', cancel);
};

const writeAt = async (handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> => {
  for (let done = 0; done < chunk.length;)
    done += (await handle.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
};

/** Appends a body to the file. Resolves when the bytes are on the disk, also those of an interrupted body. */
const appendToFile = async (
  file: string,
  { offset, body }: UploadPart,
  { length, signal, space }: { length: number; signal: AbortSignal; space: DiskSpace | undefined },
): Promise<'written' | 'cut' | 'too-long'> => {
  // At its own place: a chunk of a request that was cut then writes the bytes that are there already.
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT, FILE_MODE);
  let end = offset;
  try {
    for await (const chunk of readChunks(body, signal)) {
      if (end + chunk.length > length) return 'too-long';
      space?.require(chunk.length);
      await writeAt(handle, chunk, end);
      end += chunk.length;
    }
    return signal.aborted ? 'cut' : 'written';
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
    if (isOutOfSpace(error)) throw new StoreUnavailable('The disk is full.', RETRY_SECONDS, { cause: error });
    return 'cut';
  } finally {
    // The file has fewer bytes where this fails, and its size is the offset from which the client goes on.
    await handle.datasync().catch(() => undefined);
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

export type UploadsOptions = {
  /** Folder for unfinished uploads. */
  dir: string;
  store: Store;
  /** ms since the Unix epoch, without jumps. */
  now: () => number;
  space?: DiskSpace | undefined;
  /** Where several instances share the folder. */
  lease?: UploadLease | undefined;
};

export const createUploads = ({ dir, store, now, space, lease }: UploadsOptions): Uploads => {
  const enqueue = createUploadQueue();
  let cleanedUpAt = Number.NEGATIVE_INFINITY;
  const slotsKey = (owner: string): string => `upload-slots/${owner}`;
  const keyOf = (owner: string, id: string): string => `upload/${owner}/${id}`;
  const fileOf = (owner: string, id: string): string => join(dir, digest(keyOf(owner, id)));

  const inTurn = <T>(owner: string, id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    enqueue(id, (signal) => (lease ? lease.hold(`${owner}/${id}`, signal, work) : work(signal)));

  const statusOf = async (owner: string, id: string): Promise<UploadStatus | undefined> => {
    const row = STORED_UPLOAD.read(await store.get(keyOf(owner, id)));
    if (!row) return undefined;
    const offset = row.receipt ? row.receipt.bytes : await sizeOf(fileOf(owner, id));
    return { offset, length: row.length, receipt: row.receipt };
  };

  /** In one transaction with the upload's own row, so that parallel requests cannot exceed the limit. */
  const takeSlot = (owner: string, id: string, length: number): Promise<boolean> =>
    store.update([slotsKey(owner), keyOf(owner, id)], ([stored, upload]): Decision<boolean> => {
      if (upload !== undefined) return { result: true };
      const at = now();
      const slots = UPLOAD_SLOTS.read(stored)?.filter((slot) => at - slot.at < UPLOAD_TTL_MS) ?? [];
      if (slots.length >= MAX_UNFINISHED) return { result: false };
      const writes: Write[] = [
        { key: keyOf(owner, id), value: { length }, ttlMs: UPLOAD_TTL_MS },
        { key: slotsKey(owner), value: [...slots, { id, at }], ttlMs: UPLOAD_TTL_MS },
      ];
      return { result: true, writes };
    });

  const leaveSlot = (owner: string, id: string, write: Write): Promise<void> =>
    store.update([slotsKey(owner)], ([stored]) => {
      const slots = UPLOAD_SLOTS.read(stored)?.filter((slot) => slot.id !== id) ?? [];
      return { result: undefined, writes: [write, { key: slotsKey(owner), value: slots, ttlMs: UPLOAD_TTL_MS }] };
    });

  const finish = async (owner: string, id: string, length: number): Promise<Receipt> => {
    const receipt = await digestFile(fileOf(owner, id), length);
    await leaveSlot(owner, id, { key: keyOf(owner, id), value: { length, receipt }, ttlMs: UPLOAD_TTL_MS });
    await rm(fileOf(owner, id), { force: true });
    return receipt;
  };

  const append = async (owner: string, id: string, part: UploadPart, signal: AbortSignal): Promise<AppendResult> => {
    const status = await statusOf(owner, id);
    if (!status) return { type: 'absent' };
    if (part.offset !== status.offset) return { type: 'mismatch', offset: status.offset };
    // The client did not receive the response to the last part, and repeats it.
    if (status.receipt) return { type: 'received', receipt: status.receipt };
    const outcome = await appendToFile(fileOf(owner, id), part, { length: status.length, signal, space });
    if (outcome !== 'written') return { type: outcome };
    const offset = await sizeOf(fileOf(owner, id));
    if (!part.complete) return { type: 'appended', offset };
    return offset === status.length
      ? { type: 'received', receipt: await finish(owner, id, offset) }
      : { type: 'mismatch', offset };
  };

  return {
    async begin(owner, length, key) {
      space?.require(length);
      await mkdir(dir, { recursive: true });
      if (performance.now() - cleanedUpAt > CLEAN_UP_EVERY_MS) {
        cleanedUpAt = performance.now();
        await removeAbandonedFiles(dir, now());
      }
      const id = key === undefined ? randomId() : digest(`${owner}/${key}`);
      return (await takeSlot(owner, id, length)) ? id : undefined;
    },
    status: (owner, id) => inTurn(owner, id, () => statusOf(owner, id)),
    append: (owner, id, part) => inTurn(owner, id, (signal) => append(owner, id, part, signal)),
    remove: (owner, id) =>
      inTurn(owner, id, async () => {
        if (!(await statusOf(owner, id))) return false;
        await leaveSlot(owner, id, { key: keyOf(owner, id), remove: true });
        await rm(fileOf(owner, id), { force: true });
        return true;
      }),
  };
};
