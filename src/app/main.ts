import { connect } from '../page/index.ts';
import { surely } from '../ui/index.ts';
import { adoptTokens } from './compose.ts';
import { speakOwnLanguage } from './language.ts';
import { loadFirst } from './parts.ts';
import { furnish, prepare, start } from './start.ts';

/** As the server configures it (server/worker/keeper-config.ts). */
const CALLBACK = '/auth/callback';

adoptTokens(document);
const furnished = furnish(document);
const [keeper] = await Promise.all([surely(connect), speakOwnLanguage(), surely(loadFirst)]);
await start(keeper, document);
furnished();
// A provider's answer that came before there was a worker to take it: nobody can use it any more, so it leaves the address.
if (location.pathname === CALLBACK && keeper.snapshot.worker.host === 'service-worker') {
  history.replaceState(history.state, '', '/');
}
prepare(keeper, document);
