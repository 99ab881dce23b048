import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isObject, parseJson, type JsonObject } from '../../src/protocol/schema/json.ts';
import { licenceProblems, productionPackages, type LockedPackage } from './licences.ts';
import { productionSbom, SBOM_ARGUMENTS, sbomProblems } from './sbom.ts';
import { signatureResult } from './signatures.ts';

/**
 * Checks what production installs (`npm run audit:supply`). Each package has a licence that allows its use. The bill of
 * materials lists each with its hash. The registry signed each, where a registry answers. Writes the bill of materials
 * to `.cache/session-keeper.cdx.json`, or to the path in the first argument.
 */

const NAME = 'session-keeper';
const LIMIT_MS = 3 * 60_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

type Finished = { code: number; stdout: string; output: string };

const npm = (args: readonly string[]): Promise<Finished> =>
  new Promise((done) => {
    // `npm run --silent` would silence this npm too, and its errors say what is wrong.
    execFile(
      'npm',
      [...args, '--loglevel=error'],
      { timeout: LIMIT_MS, maxBuffer: MAX_OUTPUT_BYTES },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        done({ code, stdout, output: stdout + stderr });
      },
    );
  });

const readLock = async (): Promise<JsonObject> => {
  const lock = parseJson(await readFile('package-lock.json', 'utf8'));
  if (!isObject(lock)) throw new Error('package-lock.json is not a JSON object.');
  return lock;
};

const writeSbom = async (path: string, packages: readonly LockedPackage[]): Promise<readonly string[]> => {
  const { stdout, output } = await npm(SBOM_ARGUMENTS);
  const document = parseJson(stdout);
  if (!isObject(document)) return [`npm ${SBOM_ARGUMENTS.join(' ')} failed:\n${output}`];
  const sbom = productionSbom(document, NAME, packages);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(sbom, undefined, 2)}\n`);
  console.log(`bill of materials: ${path}`);
  return sbomProblems(sbom, packages);
};

const checkSignatures = async (): Promise<readonly string[]> => {
  const { code, output } = await npm(['audit', 'signatures']);
  const result = signatureResult(code, output);
  if (result.type === 'invalid') return [`npm audit signatures failed:\n${result.output}`];
  console.log(result.type === 'verified' ? 'signatures: verified' : `signatures: not checked (${result.reason})`);
  return [];
};

const packages = productionPackages(await readLock());
console.log(`${packages.length} packages in production, on all platforms together`);
const problems = [
  ...licenceProblems(packages),
  ...(await writeSbom(process.argv[2] ?? `.cache/${NAME}.cdx.json`, packages)),
  ...(await checkSignatures()),
];
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
