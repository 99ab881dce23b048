import type { connect } from './connect.ts';
import type { Keeper } from './types/types.ts';

/*
 * `embed.js`: the keeper from one script tag. It loads `keeper.js` and, where asked, `keeper-elements.js` from its own
 * folder. `globalThis.sessionKeeper` is the promise of `connect()`, for the site's own scripts.
 *
 *   <script src="/keeper/embed.js" data-worker="/sw.js" data-elements></script>
 */

declare global {
  var sessionKeeper: Promise<Keeper> | undefined;
}

type PageLibrary = { connect: typeof connect };
type Elements = { provideKeeper(keeper: Keeper, root: ParentNode): void };

const start = (script: HTMLScriptElement): Promise<Keeper> => {
  const { worker, elements } = script.dataset;
  const load = <T>(file: string): Promise<T> => import(new URL(file, script.src).href) as Promise<T>;
  const library = load<PageLibrary>('keeper.js');
  const ui = elements === undefined ? undefined : load<Elements>('keeper-elements.js');
  const keeper = library.then((module) => module.connect(worker === undefined ? {} : { worker }));
  if (ui) void Promise.all([keeper, ui]).then(([ready, { provideKeeper }]) => provideKeeper(ready, document));
  return keeper;
};

const { currentScript } = document;
if (currentScript instanceof HTMLScriptElement) globalThis.sessionKeeper = start(currentScript);
