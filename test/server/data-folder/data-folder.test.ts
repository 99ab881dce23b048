import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdirSync, openSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadOrCreateSecret } from '../../../server/storage/lmdb-secrets.ts';
import { openLmdbStore } from '../../../server/base/lmdb-store.ts';
import { StoreUnavailable } from '../../../server/base/store.ts';
import { openDataFolder, type DataFolder, type DataFolderOptions } from '../../../server/data-folder/data-folder.ts';
import type { OperatorNotice } from '../../../server/data-folder/operator-notice.ts';
import { TEST_SECRET } from '../../support/server/test-secret.ts';
import { temporaryDir } from '../support/start.ts';

let folder: ReturnType<typeof temporaryDir>;
let dir = '';
let notices: OperatorNotice[] = [];
let losses: string[] = [];
const opened = new Set<DataFolder>();
beforeEach(() => {
  folder = temporaryDir();
  dir = join(folder.dir, 'data');
  notices = [];
  losses = [];
});
afterEach(async () => {
  await Promise.all([...opened].map((each) => each.close().catch(() => undefined)));
  opened.clear();
  folder.remove();
});

const open = async (options: Partial<DataFolderOptions> = {}, path = dir): Promise<DataFolder> => {
  const notify = (notice: OperatorNotice): void => void notices.push(notice);
  const onLost = (message: string): void => void losses.push(message);
  const data = await openDataFolder(path, { secret: TEST_SECRET, notify, onLost, ...options });
  opened.add(data);
  return data;
};
const close = async (data: DataFolder): Promise<void> => {
  opened.delete(data);
  await data.close();
};
const file = (name: string): string => join(dir, name);

/** A folder with some data, closed. */
const fill = async (options: Partial<DataFolderOptions> = {}): Promise<void> => {
  const data = await open(options);
  await Promise.all(Array.from({ length: 500 }, (_, n) => data.store.put(`row/${n}`, { text: 'x'.repeat(300), n })));
  await loadOrCreateSecret(data.store, 'password-refresh', () => 'the secret in clear');
  await close(data);
};

const overwrite = (at: number, bytes: number, value: number): void => {
  const data = openSync(file('data.mdb'), 'r+');
  writeSync(data, Buffer.alloc(bytes, value), 0, bytes, at);
  closeSync(data);
};

describe('a data folder', () => {
  test('keeps its data, for its owner only, and leaves no lock', async () => {
    await fill();
    const data = await open();
    expect(await data.store.get('row/7')).toMatchObject({ n: 7 });
    for (const name of ['data.mdb', 'lock.mdb', 'store.json', 'lock'])
      expect([name, statSync(file(name)).mode & 0o077]).toEqual([name, 0]);
    await close(data);
    expect(readdirSync(dir).toSorted()).toEqual(['data.mdb', 'lock.mdb', 'store.json']);
  });

  const size = (): number => statSync(file('data.mdb')).size;
  test.each<[string, () => void, RegExp]>([
    [
      'was cut to half',
      () => truncateSync(file('data.mdb'), Math.floor(size() / 8192) * 4096),
      /was cut: it has \d+ of/,
    ],
    ['is empty', () => truncateSync(file('data.mdb'), 0), /is empty, but it had data/],
    ['is missing', () => rmSync(file('data.mdb')), /is missing, but this folder had a store/],
    ['has no first pages', () => overwrite(0, 8192, 255), /is damaged: its first pages/],
    ['was overwritten', () => overwrite(8192, size() - 8192, 0x5a), /is damaged: page \d+/],
    ['is a folder', () => (rmSync(file('data.mdb')), mkdirSync(file('data.mdb'))), /is not a file/],
    [
      'is of an older server and empty',
      () => (rmSync(file('store.json')), truncateSync(file('data.mdb'), 0)),
      /is empty/,
    ],
    ['is of an older server and missing', () => (rmSync(file('store.json')), rmSync(file('data.mdb'))), /is missing/],
  ])('is refused in plain words when its file %s', async (_title, damage, message) => {
    await fill();
    damage();
    await expect(open()).rejects.toThrow(message);
    await expect(open()).rejects.toThrow('session-keeper restore');
    expect(existsSync(file('lock'))).toBe(false);
  });

  test('is refused when parts of many pages were overwritten, with any byte', async () => {
    await fill();
    const whole = readFileSync(file('data.mdb'));
    for (const value of [0, 5, 0x41, 0xff]) {
      writeFileSync(file('data.mdb'), whole);
      for (let page = 8192; page < whole.length; page += 4096) overwrite(page + 24, 40, value);
      await expect(open()).rejects.toThrow('is damaged');
    }
    // Text in the place of other text is no damage that anyone can see, and ends no process.
    writeFileSync(
      file('data.mdb'),
      whole.map((byte) => (byte === 0x78 ? 0x79 : byte)),
    );
    expect(await (await open()).store.get('row/1')).toMatchObject({ n: 1 });
  });

  test('is refused when its marker is damaged, of a newer server, or of another store', async () => {
    await fill();
    const marker = JSON.parse(readFileSync(file('store.json'), 'utf8')) as Record<string, unknown>;
    const write = (value: unknown): void => writeFileSync(file('store.json'), JSON.stringify(value));
    write('?');
    await expect(open()).rejects.toThrow('store.json is damaged');
    write({ ...marker, format: 99 });
    await expect(open()).rejects.toThrow('data of a newer server (format 99');
    write({ ...marker, id: 'another', keyCheck: undefined });
    await expect(open()).rejects.toThrow('belongs to another store');
    write(marker);
    await open();
  });

  test('of a server before 0.2 is opened, and its secrets are sealed', async () => {
    mkdirSync(dir);
    const before = openLmdbStore(dir);
    await before.put('secret/password-refresh', 'the secret in clear');
    await before.put('row', 1);
    await before.close();
    const data = await open();
    expect(await data.store.get('row')).toBe(1);
    expect(await loadOrCreateSecret(data.store, 'password-refresh', () => 'new')).toBe('the secret in clear');
    await close(data);
    const raw = openLmdbStore(dir);
    expect(await raw.get('secret/password-refresh')).toMatch(/^sealed\.1\./);
    await raw.close();
  });

  test('reports a clock that was moved while no server ran, and goes on from its own time', async () => {
    await fill();
    const marker = JSON.parse(readFileSync(file('store.json'), 'utf8')) as Record<string, unknown>;
    const future = Date.now() + 3_600_000;
    writeFileSync(file('store.json'), JSON.stringify({ ...marker, seenAt: future }));
    const data = await open();
    expect(data.clock.now()).toBeGreaterThanOrEqual(future);
    expect(notices.map(({ type }) => type)).toEqual(['clock-jumped']);
  });
});

describe('the key of a data folder', () => {
  const keyFiles = (): string[] => readdirSync(folder.dir).filter((name) => name.endsWith('.key'));

  test('is written beside the folder for its owner only, reported once, and needed from then on', async () => {
    await fill({ secret: undefined });
    const [name = ''] = keyFiles();
    const path = join(folder.dir, name);
    expect(notices).toEqual([{ type: 'key-created', file: path }]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await close(await open({ secret: undefined }));
    expect(notices).toHaveLength(1);
    chmodSync(path, 0o640);
    await expect(open({ secret: undefined })).rejects.toThrow(`chmod 600 ${path}`);
    const secret = readFileSync(path, 'utf8').trim();
    rmSync(path);
    await expect(open({ secret: undefined })).rejects.toThrow('was written with a key, but the key file');
    await expect(open({ secret: 'another secret of more than 32 characters' })).rejects.toThrow('with another key');
    await expect(open({ secret: 'short' })).rejects.toThrow('at least 32 characters');
    await open({ secret });
  });

  test('opens a copy of the folder beside it, and no copy elsewhere [folder-copied]', async () => {
    await fill({ secret: undefined });
    const beside = join(folder.dir, 'copy');
    cpSync(dir, beside, { recursive: true });
    await open({ secret: undefined }, beside);
    const stolen = join(folder.dir, 'elsewhere', 'data');
    cpSync(dir, stolen, { recursive: true });
    await expect(open({ secret: undefined }, stolen)).rejects.toThrow('was written with a key');
    const copied = readFileSync(join(stolen, 'data.mdb'), 'latin1');
    expect(copied).not.toContain('the secret in clear');
  });
});

describe('an open data folder', () => {
  test.each<[string, () => void, RegExp]>([
    ['is removed', () => rmSync(dir, { recursive: true }), /data\.mdb was removed while the server was running/],
    ['has its file cut', () => truncateSync(file('data.mdb'), 8192), /was cut from \d+ to 8192 bytes/],
    [
      'has its file replaced',
      () => (cpSync(file('data.mdb'), file('x')), rmSync(file('data.mdb')), cpSync(file('x'), file('data.mdb'))),
      /was replaced/,
    ],
  ])('is reported once and not used any more when it %s', async (_title, damage, message) => {
    await fill();
    const data = await open();
    opened.delete(data);
    await data.store.put('k', 1);
    damage();
    await expect(data.store.put('k', 2)).rejects.toThrow(StoreUnavailable);
    await expect(data.store.get('k')).rejects.toThrow(StoreUnavailable);
    expect(losses).toHaveLength(1);
    expect(losses[0]).toMatch(message);
  });

  test('goes on when its lock was removed, and writes it again', async () => {
    await fill();
    const data = await open();
    rmSync(file('lock'));
    await expect.poll(() => existsSync(file('lock')), { timeout: 5_000 }).toBe(true);
    await data.store.put('k', 1);
    expect(losses).toEqual([]);
  });

  test('is left alone when another server took it, and the lock of that server stays', async () => {
    await fill();
    const data = await open();
    const other = JSON.stringify({ id: 'other', pid: 1, started: '1', scope: 'elsewhere' });
    writeFileSync(file('lock'), other);
    await expect.poll(() => losses, { timeout: 5_000 }).toHaveLength(1);
    expect(losses[0]).toContain(`Another server took ${dir}`);
    await close(data);
    expect(readFileSync(file('lock'), 'utf8')).toBe(other);
  });
});
