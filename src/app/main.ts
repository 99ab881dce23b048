import { connect } from '../page/index.ts';
import { retryImport } from '../ui/index.ts';
import { adoptTokens } from './compose.ts';
import { setPreferredLanguage } from './language.ts';
import { loadFirstParts } from './parts.ts';
import { setUpControls, loadRest, start } from './start.ts';

/** As the server configures it (server/worker/keeper-config.ts). */
const CALLBACK = '/auth/callback';

adoptTokens(document);
const furnished = setUpControls(document);
const [keeper] = await Promise.all([retryImport(connect), setPreferredLanguage(), retryImport(loadFirstParts)]);
await start(keeper, document);
furnished();
// A provider's answer that came before there was a worker to take it: nobody can use it any more, so it leaves the address.
if (location.pathname === CALLBACK && keeper.snapshot.worker.host === 'service-worker') {
  history.replaceState(history.state, '', '/');
}
loadRest(keeper, document);
