#!/usr/bin/env node
import 'tsx';

const { main } = await import('../cli/cli.ts');
// `process.exit()` would discard output that a pipe has not read yet.
process.exitCode = await main(process.argv.slice(2));
