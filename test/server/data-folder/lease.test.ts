import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeLease } from '../../../server/data-folder/lease.ts';
import { pidScope, startTimeOf } from '../../../server/data-folder/process-identity.ts';
import { temporaryDir } from '../support/start.ts';

let folder: ReturnType<typeof temporaryDir>;
let file = '';
beforeEach(() => {
  folder = temporaryDir();
  file = join(folder.dir, 'lock');
});
afterEach(() => folder.remove());

const leave = (record: object): void => writeFileSync(file, JSON.stringify(record));
/** Longer than any process id of Linux (2^22). */
const NO_PID = 5_000_000;

describe('the lease of a data folder', () => {
  test('is for one of many that want it at once, and for the next one after its release', async () => {
    leave({ id: 'dead', pid: NO_PID, started: '1', scope: pidScope() });
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => takeLease(folder.dir)));
    const taken = results.filter((result) => result.status === 'fulfilled');
    expect(taken).toHaveLength(1);
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    for (const reason of refused) expect(reason).toContain('is in use by another server');
    taken[0]?.value.release();
    const next = await takeLease(folder.dir);
    expect(next.renew()).toBe(true);
    next.release();
  });

  test.each<[string, () => void]>([
    ['of a dead process', () => leave({ id: 'x', pid: NO_PID, started: '1', scope: pidScope() })],
    ['of a process id that another process has now', () => leave({ id: 'x', pid: 1, started: 'x', scope: pidScope() })],
    ['of a server before 0.2 that is dead', () => writeFileSync(file, `${NO_PID} 1`)],
    ['that is empty', () => writeFileSync(file, '')],
  ])('takes the place of one %s at once', async (_title, prepare) => {
    prepare();
    const lease = await takeLease(folder.dir);
    expect(lease.renew()).toBe(true);
    lease.release();
  });

  test('is refused while a process of this machine, also of a server before 0.2, has it', async () => {
    leave({ id: 'x', pid: process.ppid, started: startTimeOf(process.ppid), scope: pidScope() });
    await expect(takeLease(folder.dir)).rejects.toThrow(`process ${process.ppid}`);
    writeFileSync(file, `${process.ppid} ${startTimeOf(process.ppid)}`);
    await expect(takeLease(folder.dir)).rejects.toThrow('is in use');
  });

  test('is refused while a server in another container renews it, although its process id is unknown here', async () => {
    leave({ id: 'x', pid: NO_PID, started: '1', scope: 'elsewhere' });
    const beats = setInterval(() => utimesSync(file, new Date(), new Date()), 100);
    await expect(takeLease(folder.dir)).rejects.toThrow('is in use');
    clearInterval(beats);
  });

  test('takes the place of one that no server elsewhere renews, and leaves that of another server alone', async () => {
    leave({ id: 'x', pid: process.pid, started: startTimeOf(process.pid), scope: 'elsewhere' });
    const lease = await takeLease(folder.dir);
    const other = JSON.stringify({ id: 'y', pid: 1, started: '1', scope: 'elsewhere' });
    writeFileSync(file, other);
    expect(lease.renew()).toBe(false);
    lease.release();
    expect(readFileSync(file, 'utf8')).toBe(other);
  }, 15_000);

  test('says what to do about a folder in its place', async () => {
    mkdirSync(file);
    await expect(takeLease(folder.dir)).rejects.toThrow('is a folder, but the server needs a file there');
  });
});
