import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '../browser/expect.ts';
import { fileOf, KINDS, lineOf, SEEN_DIR, TABLE_FILE, type Row } from '../../../scripts/docs/requests-rows.ts';
import type { LogEntry } from '../../../server/auth/request-log.ts';
import type { SignInKind } from '../../../src/protocol/snapshot.ts';
import type { FaultClient } from '../server/fault-client.ts';

export const SCHEMES = { password: 'bearer', oidc: 'dpop', ticket: 'cookie' } as const satisfies Record<
  SignInKind,
  LogEntry['auth']
>;

/** What needs authorization, and came without. */
export const bareIn = async (lab: FaultClient): Promise<readonly LogEntry[]> =>
  (await lab.log()).filter(({ path, auth }) => auth === 'none' && /whoami|llm|notes|ticket/.test(path));

/** Nothing came so, whatever happens to the worker. */
export const expectNothingBare = async (lab: FaultClient): Promise<void> => expect(await bareIn(lab)).toEqual([]);

/** What the server logged for paths that match, once there are so many. They are in the order in which they ended. */
export const hitsOn = async (
  lab: FaultClient,
  path: RegExp,
  count: number,
  method = '',
): Promise<readonly LogEntry[]> => {
  let found: readonly LogEntry[] = [];
  const look = async (): Promise<number> => {
    found = (await lab.log()).filter((entry) => path.test(entry.path) && entry.method.startsWith(method));
    return found.length;
  };
  await expect.poll(look, { message: `requests for ${path}` }).toBe(count);
  return found;
};

export type Wording = {
  /** The scheme of the session: it is called `token`, so that one row can be seen with several. */
  scheme?: LogEntry['auth'];
  /** In the place of what differs from run to run. */
  range?: (range: string) => string;
};

/** One request in the words of the table. */
export const wordsFor = (
  { method, path, auth, status, bodyBytes, answered, headers }: LogEntry,
  { scheme = 'bearer', range = (text) => text }: Wording = {},
): string => {
  const parts = [`\`${method} ${path}\``, auth === scheme ? 'token' : auth];
  if (headers['range'] !== undefined) parts.push(`\`Range: ${range(headers['range'])}\``);
  if (headers['if-none-match'] !== undefined) parts.push('`If-None-Match`');
  if (headers['idempotency-key'] !== undefined) parts.push('`Idempotency-Key`');
  // what a server refused before it had read it is not known to the byte
  if (bodyBytes > 0 && status >= 200 && status < 300) parts.push(`${bodyBytes} B`);
  return `${parts.join(', ')} → ${[...(status === 0 ? [] : [status]), ...(answered ? [] : ['cut'])].join(', ')}`;
};

/** The table is being written, not compared. */
const isWriting = process.env['REQUESTS_TABLE'] === 'write';

/** Leaves what a test saw for the table, and compares it with what the table says. */
export const tell = async (row: Row): Promise<void> => {
  expect(KINDS).toContain(row.kind);
  await mkdir(SEEN_DIR, { recursive: true });
  await writeFile(join(SEEN_DIR, fileOf(row.kind)), JSON.stringify(row));
  if (isWriting) return;
  const table = await readFile(TABLE_FILE, 'utf8');
  expect(table.split('\n'), `${TABLE_FILE} has another line for: ${row.kind}`).toContain(lineOf(row));
};
