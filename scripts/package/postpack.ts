/**
 * `postpack` of `npm pack`. npm packs the repository itself, whose manifest lists everything that the server of this
 * repository needs. This puts the built package in the place of that tarball, which has the same name.
 */
import { packageFolder } from './build-package.ts';
import { isPacking, packFolder } from './tarball.ts';

const root = process.cwd();
if (isPacking()) {
  const tarball = await packFolder(packageFolder(root), process.env['npm_config_pack_destination'] || root);
  console.error(`${tarball} is the package, built from .cache/package. "npm run pack" also checks it.`);
}
