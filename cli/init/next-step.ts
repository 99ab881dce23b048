import { posix } from 'node:path';
import type { Project } from './project.ts';
import { IMPORTED_FILE } from './worker-text.ts';
import { workerPath } from './site-files.ts';

const FILE = IMPORTED_FILE;

/** Where the build writes the worker, a person adds the keeper to the build's settings. */
const GENERATED_STEPS = {
  'vite-plugin-pwa': `Add the keeper to the worker that vite-plugin-pwa makes, in its options:

  generateSW (default):  workbox: { importScripts: ['${FILE}'], navigateFallbackDenylist: [/^\\/api\\//] }
  injectManifest:        importScripts('./${FILE}') as the first line of your worker, for a classic worker;
                         or import { keepSession } from 'session-keeper/sw' and call it first`,
  workbox: `Add the keeper to the worker that Workbox makes:

  generateSW:      importScripts: ['${FILE}']
  injectManifest:  importScripts('./${FILE}') as the first line of your worker`,
  'next-pwa': `Add the keeper to the worker that next-pwa makes:

  workboxOptions: { importScripts: ['/${FILE}'] }`,
  angular: `Angular registers ngsw-worker.js. Give it a worker that has both, app-worker.js in the public folder:

  importScripts('./${FILE}');
  importScripts('./ngsw-worker.js');

Then name app-worker.js in provideServiceWorker().`,
  sveltekit: `Add the keeper to src/service-worker, before your own listeners:

  import { keepSession } from 'session-keeper/sw';
  import config from '../keeper.config.js';
  keepSession({ config });`,
} as const;

const urlOf = (project: Project): string => {
  const path = workerPath(project);
  return project.urlPath + (path === undefined ? 'sw.js' : posix.relative(project.publicFolder, path));
};

const STATIC_PAGE = (worker: string, urlPath: string) => `Add one line to the head of your pages:

  <script src="${urlPath}embed.js" data-worker="${worker}" data-elements></script>

Your scripts get the keeper with: const keeper = await sessionKeeper;`;

const MODULE_PAGE = (worker: string) => `Connect once in your page, in code that runs in the browser only:

  import { connect } from 'session-keeper';
  const keeper = await connect({ worker: '${worker}' });
  keeper.subscribe(({ session }) => console.log(session.state));`;

/** What a person does next, as text for a terminal. */
export const nextStep = (project: Project): string => {
  const page =
    project.framework === 'static' ? STATIC_PAGE(urlOf(project), project.urlPath) : MODULE_PAGE(urlOf(project));
  const { worker } = project;
  return worker.type === 'generated' ? `${GENERATED_STEPS[worker.by]}\n\n${page}` : page;
};
