import { CONFIG_GLOBAL } from '../../../src/protocol/config.ts';
import { KEEPER_ROOT } from '../../../src/protocol/bridge/bridge-constants.ts';

/* What the text of a worker says. The doctor never evaluates it. */

/** A keeper names its paths, a worker that a server bakes has the global, and an own one names the package. */
const TRACES = [KEEPER_ROOT, CONFIG_GLOBAL];

export const hasKeeper = (texts: readonly string[]): boolean =>
  texts.some((text) => TRACES.some((trace) => text.includes(trace)));

const IMPORT = /\bimportScripts\s*\(([^)]*)\)/g;
const LITERAL = /(['"`])([^'"`$]+)\1/g;

/** URLs of the scripts that a worker imports by literal names, on its own origin. */
export const importsOf = (text: string, worker: URL): readonly string[] => {
  const names = [...text.matchAll(IMPORT)].flatMap(([, list = '']) =>
    [...list.matchAll(LITERAL)].map(([, , name = '']) => name),
  );
  const urls = names.flatMap((name) => (URL.canParse(name, worker.href) ? [new URL(name, worker)] : []));
  return [...new Set(urls.filter(({ origin }) => origin === worker.origin).map(({ href }) => href))];
};

export type HashedFile = { url: string; integrity: string };

/** `{"url":"…","integrity":"sha256-…"}` as scripts/build/bundle-worker.ts writes it. */
const PART = /"url":"([^"]+)","integrity":"(sha256-[^"]+)"/g;
/** An entry of the app shell (scripts/build/precache.ts), before and after a minifier. */
const SHELL_DOCUMENT = /"?url"?:["'`]([^"'`]*\.html)["'`],"?revision"?:[^,]*,"?integrity"?:["'`](sha256-[^"'`]+)["'`]/g;

const hashedIn = (texts: readonly string[], pattern: RegExp, base: URL): readonly HashedFile[] =>
  texts.flatMap((text) =>
    [...text.matchAll(pattern)].map(([, url = '', integrity = '']) => ({ url: new URL(url, base).href, integrity })),
  );

/** The late parts of a built worker. It fetches each by its hash when it installs. */
export const hashedPartsOf = (texts: readonly string[], worker: URL): readonly HashedFile[] =>
  hashedIn(texts, PART, worker);

/** The documents that a worker keeps for offline use. */
export const shellDocumentsOf = (texts: readonly string[], worker: URL): readonly HashedFile[] =>
  hashedIn(texts, SHELL_DOCUMENT, worker);
