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

/** Requests without the authorization that they need. */
export const bareIn = async (lab: FaultClient): Promise<readonly LogEntry[]> =>
  (await lab.log()).filter(({ path, auth }) => auth === 'none' && /whoami|llm|notes|ticket/.test(path));

/** Expects that no request came without authorization. */
export const expectNothingBare = async (lab: FaultClient): Promise<void> => expect(await bareIn(lab)).toEqual([]);

/** Waits until the server has logged `count` requests to matching paths. They are in the order in which they ended. */
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
  /** The scheme of the session. The table calls it `token`, so that one row covers several schemes. */
  scheme?: LogEntry['auth'];
  /** Replaces a range that differs from run to run. */
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
  // A server that refuses a body before its end does not know its length.
  if (bodyBytes > 0 && status >= 200 && status < 300) parts.push(`${bodyBytes} B`);
  return `${parts.join(', ')} → ${[...(status === 0 ? [] : [status]), ...(answered ? [] : ['cut'])].join(', ')}`;
};

/** Whether this run writes the table instead of comparing with it. */
const isWriting = process.env['REQUESTS_TABLE'] === 'write';

/** Saves a row that a test saw, and compares it with the table in the docs. */
export const checkRow = async (row: Row): Promise<void> => {
  expect(KINDS).toContain(row.kind);
  await mkdir(SEEN_DIR, { recursive: true });
  await writeFile(join(SEEN_DIR, fileOf(row.kind)), JSON.stringify(row));
  if (isWriting) return;
  const table = await readFile(TABLE_FILE, 'utf8');
  expect(table.split('\n'), `${TABLE_FILE} has another line for: ${row.kind}`).toContain(lineOf(row));
};
