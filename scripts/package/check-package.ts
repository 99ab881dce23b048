import { createPackageFromTarballData, checkPackage } from '@arethetypeswrong/core';
import { readFile } from 'node:fs/promises';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/** What the package does not claim: it is for ES modules, as a browser runs them. */
const IGNORED_MODES: ReadonlySet<string> = new Set(['node10', 'node16-cjs']);
/** The ready scripts are files to copy, without types. */
const UNTYPED = './ready/*';

const publintProblems = async (folder: string): Promise<readonly string[]> => {
  const { messages, pkg } = await publint({ pkgDir: folder, strict: true });
  return messages.map((message) => `publint: ${formatMessage(message, pkg) ?? message.code}`);
};

const typeProblems = async (tarball: string): Promise<readonly string[]> => {
  const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(tarball))), {
    excludeEntrypoints: [UNTYPED],
  });
  if (!analysis.types) return ['attw: the package has no types'];
  return analysis.problems.flatMap((problem) => {
    const isIgnored = 'resolutionKind' in problem && IGNORED_MODES.has(problem.resolutionKind);
    const entry = 'entrypoint' in problem ? ` ${problem.entrypoint}` : '';
    return isIgnored ? [] : [`attw: ${problem.kind}${entry}`];
  });
};

/** Everything that no test and no source but for the maps may be. */
const FOREIGN_FILE = /(?:^|\/)(?:test|docs|bench|scripts)\/|\.test\.|(?<!\.d)\.ts$|\.tsx$/;

const fileProblems = async (tarball: string): Promise<readonly string[]> => {
  const files = createPackageFromTarballData(new Uint8Array(await readFile(tarball))).listFiles();
  return files
    .filter((file) => FOREIGN_FILE.test(file.replace(/^\/node_modules\/[^/]+\//, '')))
    .map((file) => `not for users: ${file}`);
};

/** What is wrong with the built package, a sentence for each problem. */
export const packageProblems = async (folder: string, tarball: string): Promise<readonly string[]> => [
  ...(await publintProblems(folder)),
  ...(await typeProblems(tarball)),
  ...(await fileProblems(tarball)),
];
