import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { bakeForDev } from './scripts/build/dev-config.ts';
import { stampBuild } from './scripts/build/fingerprint.ts';
import { precompress } from './scripts/build/precompress.ts';
import { preloadParts } from './scripts/build/preload.ts';
import { PAGE_GROUPS, type ScriptEntry } from './scripts/build/script-entry.ts';
import { serverBuild } from './scripts/build/server-build.ts';
import { workerPlugin } from './scripts/build/worker-plugin.ts';

/** What the three elements need before the first part that loads late. */
const ELEMENTS =
  /node_modules[\\/](?:lit|@lit|lit-html|lit-element)[\\/]|src[\\/]ui[\\/](base|elements|locale|text|look[\\/](theme|icons|popover|segments)|strings[\\/](strings|frame-strings|explanation-strings|en[\\/](core|frame))|view[\\/](gate-view|headline|card-labels|explanation-strings))|src[\\/]protocol/;

const SCRIPTS: readonly ScriptEntry[] = [
  {
    file: 'sw.js',
    source: 'sw/sw.ts',
    format: 'worker',
    tsconfig: 'sw/tsconfig.json',
    precache: true,
    baked: true,
  },
  {
    file: 'keeper-sw.js',
    source: 'sw/keeper-sw.ts',
    format: 'worker',
    tsconfig: 'sw/tsconfig.json',
    precache: false,
    baked: true,
  },
  {
    file: 'keeper-session-sw.js',
    source: 'sw/keeper-session-sw.ts',
    format: 'worker',
    tsconfig: 'sw/tsconfig.json',
    precache: false,
    baked: true,
  },
  {
    file: 'keeper-elements.js',
    source: 'src/ui/elements.ts',
    format: 'es',
    tsconfig: 'src/ui/tsconfig.json',
    groups: [{ name: 'shell', test: ELEMENTS }],
    precache: false,
    baked: false,
  },
  {
    file: 'keeper-vault.js',
    source: 'src/vault/vault.ts',
    format: 'es',
    tsconfig: 'src/vault/tsconfig.json',
    precache: false,
    baked: false,
  },
  {
    file: 'keeper.js',
    source: 'src/page/index.ts',
    format: 'es',
    groups: PAGE_GROUPS,
    tsconfig: 'src/page/tsconfig.json',
    precache: false,
    baked: false,
  },
];

/** The libraries and the parts of the interface that every page needs. */
const SHELL =
  /node_modules[\\/](?:lit|@lit|lit-html|lit-element)[\\/](?!.*directive)|src[\\/]ui[\\/](index|base[\\/](announcements|clock-controller|keeper-element|provide-keeper|settled|shared|snapshot|status|preferences)|look[\\/](theme|icons|popover)|elements[\\/]session-(gate|nav|status)|locale[\\/]language|strings[\\/](en[\\/]frame|frame-strings)\.|view[\\/]gate-view)|src[\\/]protocol[\\/](bridge[\\/](bridge-constants|session-name)|problem\.|schema[\\/]json\.|ids\.|timing[\\/](backoff|retry-after|timer)\.)|src[\\/]protocol[\\/](version|takeover-timing)\.|src[\\/]page[\\/](connection[\\/](greeting|trusted-types)|util[\\/](timers|worker-script))/;

/** What the first parts share with later ones. */
const FACTS =
  /src[\\/]ui[\\/](strings[\\/](strings|app-strings|en[\\/](core|app|explanation))\.|locale[\\/](plural|localized)|text[\\/]|view[\\/](explanation-strings|explanation\.|headline|notices)|base[\\/]offer|look[\\/](segments|more-icons))/;

/** What `src/app/views.ts` and `connect()` load at once. */
const FIRST_PARTS = [
  '/src/app/first-parts.ts',
  '/src/page/realtime/realtime.ts',
  '/src/page/page-part.ts',
  '/workbox-window/Workbox.js',
];

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  build: {
    target: 'es2022',
    sourcemap: true,
    // A strict content security policy allows neither data URLs nor the polyfill's inline work.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What the first load shares with parts that come later stays one file: ten small ones weigh 2 kB more.
        codeSplitting: {
          groups: [
            { name: 'shell', test: SHELL },
            { name: 'facts', test: FACTS },
          ],
        },
      },
    },
  },
  server: { watch: { ignored: ['**/.data/**', '**/.cache/**', '**/test-results/**', '**/dist/**'] } },
  plugins: [
    preloadParts(FIRST_PARTS),
    workerPlugin({ scripts: SCRIPTS, bake: bakeForDev }),
    // A server fills in the first line of these.
    precompress(SCRIPTS.filter((script) => script.baked).map((script) => script.file)),
    serverBuild(),
    stampBuild(),
  ],
});
