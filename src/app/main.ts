import { connect } from '../page/index.ts';
import { adoptTokens, give, openNamed } from './compose.ts';

const open = (): void => {
  openNamed(document, location.hash);
};

/** Without a keeper there is nothing to show but that; the reason is on the console for those who can help. */
const sayNoKeeper = (): void => {
  const failure = document.getElementById('failure');
  if (failure) failure.textContent = 'This browser could not start Session Keeper. Reload the page, or try another browser.';
};

adoptTokens(document);
addEventListener('hashchange', open);
try {
  give(await connect({ worker: '/sw.js' }), document);
  open();
} catch (error) {
  sayNoKeeper();
  throw error;
}
