/** `npm run pack`: builds the package, packs it, checks it, and drives it in projects outside this repository. */
import { ended, start } from '../process/run.ts';
import { buildPackage } from './build-package.ts';
import { packageProblems } from './check-package.ts';
import { readManifest } from './entries.ts';
import { entrySizes, printSizes } from './entry-sizes.ts';
import { packFolder } from './tarball.ts';

const root = process.cwd();
const folder = await buildPackage(root);
const tarball = await packFolder(folder, root);
const problems = await packageProblems(folder, tarball);
console.log(printSizes(await entrySizes(folder, await readManifest(root))));
for (const problem of problems) console.error(problem);
const code = problems.length === 0 ? await ended(start('vitest', ['run', '--project=package'])) : 1;
if (code === 0) console.log(`${tarball} is the package.`);
process.exitCode = code === 0 ? 0 : 1;
