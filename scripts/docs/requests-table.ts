/** Writes `docs/reference/requests.md` from the rows that the tests wrote: `npm run docs:requests`. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { arrivalsIn, ENGINE_NAMES, parseArrivals, type MarkupArrivals, type TableEngine } from './markup-rows.ts';
import { fileOf, KINDS, parseRow, renderTable, SEEN_DIR, TABLE_FILE } from './requests-rows.ts';

const rows = await Promise.all(
  KINDS.map(async (kind) => {
    const row = parseRow(await readFile(join(SEEN_DIR, fileOf(kind)), 'utf8').catch(() => ''));
    return row ? [row] : [];
  }),
);
const document = await readFile(TABLE_FILE, 'utf8').catch(() => '');
/** An engine that is not installed keeps what the document says of it. */
const arrivalsOf = async (engine: TableEngine): Promise<readonly [TableEngine, MarkupArrivals]> => {
  const seen = await readFile(join(SEEN_DIR, `${engine}.json`), 'utf8').catch(() => undefined);
  return [engine, seen === undefined ? arrivalsIn(document, engine) : parseArrivals(seen)];
};
const arrivals = await Promise.all(ENGINE_NAMES.map(arrivalsOf));
await writeFile(
  TABLE_FILE,
  renderTable(rows.flat(), Object.fromEntries(arrivals) as Record<TableEngine, MarkupArrivals>),
);
