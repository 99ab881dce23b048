import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import type { ScriptEntry } from './scripts/bundle-script.ts';
import { bakeForDev } from './scripts/dev-config.ts';
import { workerPlugin } from './scripts/worker-plugin.ts';

const SCRIPTS: readonly ScriptEntry[] = [
  { file: 'sw.js', source: 'sw/sw.ts', format: 'iife', tsconfig: 'sw/tsconfig.json', precache: true, baked: true },
  {
    file: 'keeper-sw.js',
    source: 'sw/embed.ts',
    format: 'iife',
    tsconfig: 'sw/tsconfig.json',
    precache: false,
    baked: true,
  },
  {
    file: 'keeper-session-sw.js',
    source: 'sw/embed-session.ts',
    format: 'iife',
    tsconfig: 'sw/tsconfig.json',
    precache: false,
    baked: true,
  },
  {
    file: 'keeper.js',
    source: 'src/page/index.ts',
    format: 'es',
    tsconfig: 'src/page/tsconfig.json',
    precache: false,
    baked: false,
  },
];

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  build: {
    target: 'es2022',
    sourcemap: true,
    // A strict content security policy allows neither data URLs nor the polyfill's inline work.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { watch: { ignored: ['**/.data/**', '**/.cache/**', '**/test-results/**', '**/dist/**'] } },
  plugins: [workerPlugin({ scripts: SCRIPTS, bake: bakeForDev })],
});
