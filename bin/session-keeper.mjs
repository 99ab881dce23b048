#!/usr/bin/env node
import { existsSync } from 'node:fs';

// A checkout runs the sources. An installation without development dependencies runs the build.
const built = new URL('../dist/.server/cli/cli.js', import.meta.url);
const hasLoader = await import('tsx').then(
  () => true,
  () => false,
);

/** @returns {Promise<typeof import('../cli/cli.ts')>} */
const load = async () => {
  if (hasLoader || !existsSync(built)) return import('../cli/cli.ts');
  /** @type {unknown} */
  const module = await import(built.href);
  return /** @type {typeof import('../cli/cli.ts')} */ (module);
};

const { main } = await load();
// `process.exit()` would discard output that a pipe has not read yet.
process.exitCode = await main(process.argv.slice(2));
