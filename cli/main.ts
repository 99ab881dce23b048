import { main } from './cli.ts';

// Not process.exit(), which cuts off what a pipe has not taken yet.
process.exitCode = await main(process.argv.slice(2));
