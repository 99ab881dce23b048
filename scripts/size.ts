import { gzipSync } from 'node:zlib';
import * as optionalCodecs from '../src/core/optional-codecs/optional-codecs.ts';
import {
  gzippedBytes,
  pageFiles,
  readFrom,
  SMALLEST,
  staticModules,
  workerFiles,
  type ReadBuilt,
} from './build/built-size.ts';
import { bundleScript } from './build/bundle-script.ts';

const KB = 1000;
const BAR_CELLS = 30;
const NAME_CELLS = 22;

type Budget = { name: string; limitBytes: number; bytes: () => Promise<number> };

const read = readFrom('dist');

const built =
  (files: (read: ReadBuilt) => Promise<Iterable<string>>): Budget['bytes'] =>
  async () =>
    gzippedBytes(await files(read), read);

/** Modules without a file of their own in the build, each with all its imports. Shared imports count twice. */
const modules =
  (tsconfig: string, ...sources: readonly string[]): Budget['bytes'] =>
  async () => {
    const sizes = sources.map(async (source) => {
      const entry = { file: 'part.js', source, format: 'es', tsconfig, precache: false, baked: false } as const;
      const { code } = await bundleScript(process.cwd(), entry, 'production', { build: '', precache: [], base: '/' });
      return gzipSync(code, SMALLEST).byteLength;
    });
    return (await Promise.all(sizes)).reduce((total, size) => total + size, 0);
  };

/** A codec that a site adds costs its worker at most this much. */
const CODEC_LIMIT_BYTES = 4.3 * KB;
/** Two protocols, one inside the other; three ways to write a message; positions and what the codec keeps of a stream. */
const LARGER_CODECS: ReadonlyMap<string, number> = new Map([
  ['socket.io', 5.3 * KB],
  ['phoenix', 5.2 * KB],
  ['centrifuge', 5.7 * KB],
]);

/** Minified and compressed bytes. docs/decisions/0005 gives the reasons for these limits. */
const BUDGETS: readonly Budget[] = [
  { name: 'session worker, start', limitBytes: 13.2 * KB, bytes: built(async () => ['keeper-session-sw.js']) },
  {
    name: 'session worker, whole',
    limitBytes: 59.4 * KB,
    bytes: built((files) => workerFiles('keeper-session-sw.js', files)),
  },
  { name: 'worker, start', limitBytes: 13.4 * KB, bytes: built(async () => ['keeper-sw.js']) },
  { name: 'worker, whole', limitBytes: 76.4 * KB, bytes: built((files) => workerFiles('keeper-sw.js', files)) },
  { name: 'app worker, start', limitBytes: 18.1 * KB, bytes: built(async () => ['sw.js']) },
  { name: 'page client', limitBytes: 4.9 * KB, bytes: built((files) => staticModules('keeper.js', files)) },
  { name: 'app, first load', limitBytes: 24.9 * KB, bytes: built((files) => pageFiles('index.html', files)) },
  {
    name: 'three elements',
    limitBytes: 20.8 * KB,
    bytes: built((files) => staticModules('keeper-elements.js', files)),
  },
  {
    name: 'KeeperSocket',
    limitBytes: 2.9 * KB,
    bytes: modules('src/page/tsconfig.json', 'src/page/realtime/keeper-socket.ts'),
  },
  {
    name: 'link and keeper.1',
    limitBytes: 12.7 * KB,
    bytes: modules('sw/tsconfig.json', 'src/host/sockets/upstream.ts', 'src/core/codecs/keeper1.ts'),
  },
  ...Object.values(optionalCodecs).map(({ name }) => ({
    name,
    limitBytes: LARGER_CODECS.get(name) ?? CODEC_LIMIT_BYTES,
    bytes: modules('sw/tsconfig.json', `src/core/optional-codecs/${name.replaceAll('.', '-')}.ts`),
  })),
];

/** Prints one line of the table. Returns whether the size is within its budget. */
const measure = async ({ name, limitBytes, bytes }: Budget): Promise<boolean> => {
  const size = await bytes();
  const cells = Math.min(BAR_CELLS, Math.round((size / limitBytes) * BAR_CELLS));
  const bar = '█'.repeat(cells).padEnd(BAR_CELLS, '░');
  const numbers = `${(size / KB).toFixed(2)} kB`.padStart(9) + ` of ${limitBytes / KB} kB`;
  console.log(`${name.padEnd(NAME_CELLS)}${bar} ${numbers}${size > limitBytes ? '  over budget' : ''}`);
  return size <= limitBytes;
};

const measured = (budget: Budget): Promise<boolean> =>
  measure(budget).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`${budget.name.padEnd(NAME_CELLS)}cannot be measured: ${reason}`);
    return false;
  });

const results: boolean[] = [];
for (const budget of BUDGETS) results.push(await measured(budget));
process.exitCode = results.every(Boolean) ? 0 : 1;
