/** Writes `docs/reference/requests.md` from the rows that the tests wrote: `npm run docs:requests`. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileOf, KINDS, parseRow, renderTable, SEEN_DIR, TABLE_FILE } from './requests-rows.ts';

const rows = await Promise.all(
  KINDS.map(async (kind) => {
    const row = parseRow(await readFile(join(SEEN_DIR, fileOf(kind)), 'utf8').catch(() => ''));
    return row ? [row] : [];
  }),
);
await writeFile(TABLE_FILE, renderTable(rows.flat()));
