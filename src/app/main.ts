import { connect } from '../page/index.ts';
import { retryImport } from '../ui/index.ts';
import { adoptAppearance } from './appearance.ts';
import { setPreferredLanguage } from './language.ts';
import { keepPreferences } from './preferences-store.ts';
import { adoptTheme, loadRest, setUpControls, startApp } from './start.ts';
import { loadFirstParts } from './views.ts';

/** As the server configures it (server/worker/keeper-config.ts). */
const CALLBACK = '/auth/callback';

keepPreferences();
adoptAppearance(document);
adoptTheme(document);
setUpControls(document);
// connect() imports parts of the script too, and fails with them
const [keeper] = await Promise.all([retryImport(connect), setPreferredLanguage(), retryImport(loadFirstParts)]);
await startApp(keeper, document);
// A provider's answer that arrived before there was a worker to take it is of no use any more, so it leaves the address.
if (location.pathname === CALLBACK && keeper.snapshot.worker.host === 'service-worker') {
  history.replaceState(history.state, '', '/');
}
void loadRest(keeper, document);
