import { connect } from '../page/index.ts';
import { adoptTokens } from './compose.ts';
import { speakOwnLanguage } from './language.ts';
import { loadFirst } from './parts.ts';
import { furnish, prepare, start } from './start.ts';

const WORKER = '/sw.js';
/** As the server configures it (server/keeper-config.ts). */
const CALLBACK = '/auth/callback';

/** Where Trusted Types are enforced, a worker's URL has to be one: this policy makes that one and no other. */
const policy = window.trustedTypes?.createPolicy('session-keeper', {
  createScriptURL: (url: string) => {
    if (url !== WORKER) throw new TypeError(`Not a script of this app: ${url}`);
    return url;
  },
});

adoptTokens(document);
const furnished = furnish(document);
const [keeper] = await Promise.all([
  connect({ worker: policy?.createScriptURL(WORKER) ?? WORKER }),
  speakOwnLanguage(),
  loadFirst(),
]);
furnished();
await start(keeper, document);
// A provider's answer that came before there was a worker to take it: nobody can use it any more, so it leaves the address.
if (location.pathname === CALLBACK && keeper.snapshot.worker.host === 'service-worker') {
  history.replaceState(history.state, '', '/');
}
prepare(keeper, document);
