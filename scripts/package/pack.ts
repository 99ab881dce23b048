/** `npm run pack`: builds the package, packs it, and drives it in projects outside this repository. */
import { ended, start } from '../process/run.ts';
import { buildPackage } from './build-package.ts';
import { packFolder } from './tarball.ts';

const root = process.cwd();
const tarball = await packFolder(await buildPackage(root), root);
const code = await ended(start('vitest', ['run', '--project=package']));
if (code === 0) console.log(`${tarball} is the package.`);
process.exitCode = code === 0 ? 0 : 1;
