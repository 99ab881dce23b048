import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/**
 * Reads the file of an LMDB store without LMDB, which maps the file into memory and trusts it: a file that was cut or
 * overwritten ends the process with SIGBUS or SIGSEGV. The format is that of the fork in `lmdb` 3.5
 * (dependencies/lmdb/libraries/liblmdb/mdb.c: MDB_meta, MDB_page, MDB_node, MDB_db).
 */
export type FileMeta = {
  pageBytes: number;
  /** Number of the last transaction. It only grows. */
  transaction: bigint;
  lastPage: number;
  /** Root pages: of the free list, and of the table of databases. */
  roots: readonly [free: bigint, main: bigint];
};

const MAGIC = 0xbeef_c0de;
const META_BYTES = 168;
const HEADER = 24;
const NODE_HEADER = 8;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const MIN_PAGE = 512;
const MAX_PAGE = 65_536;
const PAGE_FLAG = { branch: 1, leaf: 2, overflow: 4, meta: 8 } as const;
const NODE_FLAG = { bigData: 1, subData: 2 } as const;
const DATABASE_BYTES = 48;
const ROOT_IN_DATABASE = 40;
/** Large enough for any store; bounds the walk through a damaged one. */
const MAX_DEPTH = 32;

const readAt = (file: number, offset: number, bytes: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  const length = readSync(file, buffer, 0, bytes, offset);
  return buffer.subarray(0, length);
};

const metaIn = (page: Buffer): FileMeta | undefined => {
  if (page.length < META_BYTES || page.readUInt32LE(24) !== MAGIC) return undefined;
  if ((page.readUInt16LE(18) & PAGE_FLAG.meta) === 0) return undefined;
  const pageBytes = page.readUInt32LE(48);
  if (pageBytes < MIN_PAGE || pageBytes > MAX_PAGE || (pageBytes & (pageBytes - 1)) !== 0) return undefined;
  return {
    pageBytes,
    roots: [page.readBigUInt64LE(88), page.readBigUInt64LE(136)],
    lastPage: Number(page.readBigUInt64LE(144)),
    transaction: page.readBigUInt64LE(152),
  };
};

const newestMeta = (file: number): FileMeta | undefined => {
  const first = metaIn(readAt(file, 0, META_BYTES));
  // A damaged first page does not say how long a page is.
  const sizes = first ? [first.pageBytes] : [4_096, 16_384, 65_536];
  const metas = [first, ...sizes.map((bytes) => metaIn(readAt(file, bytes, META_BYTES)))];
  return metas.reduce(
    (newest, meta) => (meta && (!newest || meta.transaction > newest.transaction) ? meta : newest),
    undefined,
  );
};

const withFile = <T>(path: string, work: (file: number) => T): T => {
  const file = openSync(path, 'r');
  try {
    return work(file);
  } finally {
    closeSync(file);
  }
};

/** `undefined`: this is no LMDB file, or both of its first pages are damaged. */
export const readFileMeta = (path: string): FileMeta | undefined => withFile(path, newestMeta);

class Damage extends Error {}

/** Walks through all trees of the newest transaction. */
class Walk {
  readonly #file: number;
  readonly #meta: FileMeta;
  readonly #pages: number;
  readonly #seen: Uint8Array;

  constructor(file: number, meta: FileMeta) {
    this.#file = file;
    this.#meta = meta;
    this.#pages = Math.floor(fstatSync(file).size / meta.pageBytes);
    this.#seen = new Uint8Array(this.#pages);
  }

  run(): void {
    const [free, main] = this.#meta.roots;
    if (free !== NO_PAGE) this.#tree(free, { depth: 0, isOrdered: false });
    if (main !== NO_PAGE) this.#tree(main, { depth: 0, isOrdered: true });
  }

  #visit(page: bigint, count = 1): number {
    if (page < 2n || page + BigInt(count) > BigInt(this.#pages))
      throw new Damage(`page ${page} is missing: the file has ${this.#pages} pages`);
    const first = Number(page);
    for (let number = first; number < first + count; number += 1) {
      if (this.#seen[number] === 1) throw new Damage(`page ${number} belongs to two places`);
      this.#seen[number] = 1;
    }
    return first;
  }

  #read(page: bigint): Buffer {
    const number = this.#visit(page);
    const { pageBytes } = this.#meta;
    const buffer = readAt(this.#file, number * pageBytes, pageBytes);
    if (buffer.readBigUInt64LE(0) !== page) throw new Damage(`page ${page} contains something else`);
    return buffer;
  }

  #tree(root: bigint, place: { depth: number; isOrdered: boolean }): void {
    const page = this.#read(root);
    const flags = page.readUInt16LE(18);
    const isBranch = (flags & PAGE_FLAG.branch) !== 0;
    const [lower, upper] = [page.readUInt16LE(20), page.readUInt16LE(22)];
    const isTreePage = isBranch !== ((flags & PAGE_FLAG.leaf) !== 0);
    if (!isTreePage || lower > upper || upper > page.length - HEADER || place.depth > MAX_DEPTH)
      throw new Damage(`page ${root} is not a page of a tree`);
    let previous: Buffer | undefined;
    for (let index = 0; index < lower >> 1; index += 1) {
      const at = page.readUInt16LE(HEADER + 2 * index);
      if (at < upper) throw new Damage(`page ${root} has a damaged index`);
      const key = this.#entry(page, at + HEADER, { ...place, isBranch, page: root });
      // The first key of a branch is empty, because it stands for everything before the second one.
      if (place.isOrdered && previous && (index > 1 || !isBranch) && Buffer.compare(previous, key) >= 0)
        throw new Damage(`page ${root} has keys in the wrong order`);
      previous = key;
    }
  }

  #entry(
    page: Buffer,
    at: number,
    place: { depth: number; isOrdered: boolean; isBranch: boolean; page: bigint },
  ): Buffer {
    const damaged = (): Damage => new Damage(`page ${place.page} has a damaged entry`);
    if (at + NODE_HEADER > page.length) throw damaged();
    const [low, high] = [page.readUInt16LE(at), page.readUInt16LE(at + 2)];
    const [flags, keyBytes] = [page.readUInt16LE(at + 4), page.readUInt16LE(at + 6)];
    const data = at + NODE_HEADER + keyBytes;
    if (data > page.length || (keyBytes === 0 && !place.isBranch)) throw damaged();
    const bytes = low + high * 0x1_0000;
    const deeper = { depth: place.depth + 1, isOrdered: place.isOrdered };
    if (place.isBranch) this.#tree(BigInt(bytes) + (BigInt(flags) << 32n), deeper);
    else if ((flags & NODE_FLAG.bigData) !== 0) this.#overflow(page, data, bytes);
    else if (data + bytes > page.length) throw damaged();
    else if ((flags & NODE_FLAG.subData) !== 0) {
      if (bytes < DATABASE_BYTES) throw damaged();
      const root = page.readBigUInt64LE(data + ROOT_IN_DATABASE);
      if (root !== NO_PAGE) this.#tree(root, deeper);
    }
    return page.subarray(at + NODE_HEADER, data);
  }

  /** A value that is longer than a page. */
  #overflow(page: Buffer, at: number, bytes: number): void {
    if (at + 8 > page.length) throw new Damage('a long value has no page');
    const first = page.readBigUInt64LE(at);
    const { pageBytes } = this.#meta;
    const count = Math.floor((HEADER - 1 + bytes) / pageBytes) + 1;
    const number = this.#visit(first, count);
    const header = readAt(this.#file, number * pageBytes, HEADER);
    const isLong = header.readBigUInt64LE(0) === first && (header.readUInt16LE(18) & PAGE_FLAG.overflow) !== 0;
    if (!isLong || header.readUInt32LE(20) < count) throw new Damage(`page ${first} is not a long value`);
  }
}

/** What is wrong with the file of a store, in plain words; `undefined`: nothing that would end the process. */
export const findDamage = (path: string): string | undefined =>
  withFile(path, (file) => {
    const meta = newestMeta(file);
    if (!meta) return 'its first pages are not those of a store';
    try {
      new Walk(file, meta).run();
      return undefined;
    } catch (error) {
      if (error instanceof Damage) return error.message;
      throw error;
    }
  });
