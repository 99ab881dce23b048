/**
 * `npm run lab [-- <flags of session-keeper lab>]`: all scenarios of the resilience lab against this repository's own app.
 * The report is in `.cache/lab`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../server/server.ts';
import { ensureBrowser } from './browsers/find-browser.ts';
import { withFreePortPair } from './process/free-port.ts';
import { ended, start } from './process/run.ts';

const { path } = ensureBrowser();
const dataDir = await mkdtemp(join(tmpdir(), 'keeper-lab-'));
const server = await withFreePortPair((port) => startServer({ port, dataDir, faultRoutes: true }));
const args = ['bin/session-keeper.mjs', 'lab', server.url, '--out', '.cache/lab', ...process.argv.slice(2)];
process.exitCode = await ended(start('node', args, { env: { CHROMIUM_PATH: path } }));
await server.stop();
await rm(dataDir, { recursive: true, force: true });
