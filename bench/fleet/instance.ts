import { startServer } from '../../server/server.ts';
import { createLog } from '../../server/operations/log.ts';
import { TEST_SECRET } from '../../test/support/server/test-secret.ts';

/* One instance of the fleet in a process of its own. Arguments: port, store, folder, number of people, public origin, files. */

const [, , port = '0', store = '', dataDir = '', people = '1', publicOrigin, distDir = false] = process.argv;
const accounts = Array.from({ length: Number(people) }, (_, n) => ({
  ...{ username: `user${n}`, password: `user${n}`, name: 'User', apiKey: `key${n}` },
}));
const server = await startServer({
  ...{
    port: Number(port),
    store,
    dataDir,
    accounts,
    secret: TEST_SECRET,
    adoptEmptyStore: true,
    publicOrigin,
    distDir,
  },
  log: createLog('error'),
});
process.stdout.write(`Session Keeper ready at ${server.local.app}\n`);
process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)));
