import { connect } from '../page/index.ts';
import { adoptTokens, give } from './compose.ts';

const WORKER = '/sw.js';

/** Where Trusted Types are enforced, a worker's URL has to be one: this policy makes that one and no other. */
const policy = window.trustedTypes?.createPolicy('session-keeper', {
  createScriptURL: (url: string) => {
    if (url !== WORKER) throw new TypeError(`Not a script of this app: ${url}`);
    return url;
  },
});

adoptTokens(document);
const keeper = await connect({ worker: policy?.createScriptURL(WORKER) ?? WORKER });
give(keeper, document);

const { openNamed } = await import('./drawers.ts');
give(keeper, document);
const open = (): void => {
  openNamed(document, location.hash);
};
addEventListener('hashchange', open);
open();
