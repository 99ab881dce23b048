/** `prepack` of `npm pack`: builds the package. scripts/package/postpack.ts then packs it. */
import { buildPackage } from './build-package.ts';
import { isPacking } from './tarball.ts';

if (isPacking()) await buildPackage(process.cwd());
