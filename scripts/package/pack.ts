/** `npm run pack`: builds the package, packs it, checks it, and drives it in projects outside this repository. */
import { join } from 'node:path';
import { ended, start } from '../process/run.ts';
import { buildPackage } from './build-package.ts';
import { packageProblems } from './check-package.ts';
import { compiledPath, readManifest } from './entries.ts';
import { entrySizes, printPageSizes, printSizes } from './entry-sizes.ts';
import { pageProblems, pageSizes } from './page-sizes.ts';
import { packFolder } from './tarball.ts';

const root = process.cwd();
const folder = await buildPackage(root);
const tarball = await packFolder(folder, root);
const pages = await pageSizes(join(folder, compiledPath('src/page/index.ts')));
const problems = [...(await packageProblems(folder, tarball)), ...pageProblems(pages)];
console.log(printSizes(await entrySizes(folder, await readManifest(root))));
console.log(printPageSizes(pages));
for (const problem of problems) console.error(problem);
const code = problems.length === 0 ? await ended(start('vitest', ['run', '--project=package'])) : 1;
if (code === 0) console.log(`${tarball} is the package.`);
process.exitCode = code === 0 ? 0 : 1;
