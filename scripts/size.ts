import { gzippedBytes, pageFiles, readFrom, staticModules, type ReadBuilt } from './built-size.ts';

const KB = 1000;
const BAR_CELLS = 30;

type Budget = { name: string; limitBytes: number; files: (read: ReadBuilt) => Promise<Iterable<string>> };

/** Minified and compressed, as built. Why these and not the design's numbers: docs/decisions/0005. */
const BUDGETS: readonly Budget[] = [
  { name: 'session worker', limitBytes: 31.2 * KB, files: async () => ['keeper-session-sw.js'] },
  { name: 'with the socket', limitBytes: 41.2 * KB, files: async () => ['keeper-sw.js'] },
  { name: 'page client', limitBytes: 8 * KB, files: (read) => staticModules('keeper.js', read) },
  { name: 'app, first load', limitBytes: 30 * KB, files: (read) => pageFiles('index.html', read) },
];

/** One line of the table; false when the budget is broken or its files were not built. */
const measure = async ({ name, limitBytes, files }: Budget): Promise<boolean> => {
  const read = readFrom('dist');
  const bytes = await gzippedBytes(await files(read), read);
  const cells = Math.min(BAR_CELLS, Math.round((bytes / limitBytes) * BAR_CELLS));
  const bar = '█'.repeat(cells).padEnd(BAR_CELLS, '░');
  const numbers = `${(bytes / KB).toFixed(2)} kB`.padStart(9) + ` of ${limitBytes / KB} kB`;
  console.log(`${name.padEnd(18)}${bar} ${numbers}${bytes > limitBytes ? '  over budget' : ''}`);
  return bytes <= limitBytes;
};

const measured = (budget: Budget): Promise<boolean> =>
  measure(budget).catch((error: unknown) => {
    console.log(
      `${budget.name.padEnd(18)}cannot be measured: ${error instanceof Error ? error.message : String(error)}`,
    );
    return false;
  });

const results: boolean[] = [];
for (const budget of BUDGETS) results.push(await measured(budget));
process.exitCode = results.every(Boolean) ? 0 : 1;
