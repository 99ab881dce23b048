import { readdir, readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Plugin, ResolvedConfig, Rollup, ViteDevServer } from 'vite';
import { findConfig, loadConfig } from '../config/load-config.ts';
import { PARTS, readyFolder, WORKER_FILES, WORKER_PART } from '../init/site-files.ts';
import { wholeWorker } from '../init/worker-text.ts';

/** Options of the plugin. All are optional. */
export type SessionKeeperOptions = {
  /** The configuration, from the root of the project. Default: `keeper.config.js`, `.mjs` or `.ts`. */
  config?: string;
  /** URL path of the worker below the base, in development and in production. Default `sw.js`. */
  worker?: string;
  /**
   * Your own worker, from the root of the project, such as `app/worker.ts`. It calls `keepSession()` of `session-keeper/sw`
   * first. Default: the ready worker, with the configuration.
   */
  source?: string;
};

const PULSE = 'keeper-pulse.js';

/** What a browser may request: a text for each path below the base. */
type Scripts = ReadonlyMap<string, string>;

const readyScripts = async (names: readonly string[]): Promise<Scripts> => {
  const ready = readyFolder();
  const texts = names.map(async (name) => [name, await readFile(join(ready, name), 'utf8')] as const);
  return new Map(await Promise.all(texts));
};

const readyWorker = async (root: string, options: SessionKeeperOptions, worker: string): Promise<Scripts> => {
  const file = findConfig(root, options.config);
  if (file === undefined)
    throw new Error(`session-keeper: ${options.config ?? 'keeper.config.js'} is missing. Run: npx session-keeper init`);
  const loaded = await loadConfig(root, file);
  if (loaded.type === 'failed') throw new Error(`session-keeper: ${loaded.problem}`);
  const parts = (await readdir(join(readyFolder(), PARTS))).filter((name) => WORKER_PART.test(name));
  const scripts = await readyScripts([
    ...WORKER_FILES,
    ...parts.filter((name) => name.endsWith('.js')).map((name) => `${PARTS}/${name}`),
  ]);
  return new Map([...scripts, [worker, wholeWorker(loaded.config)]]);
};

const isOutput = (built: unknown): built is Rollup.RollupOutput =>
  typeof built === 'object' && built !== null && 'output' in built;

/** Bundles the site's own worker to one classic script, with Vite's own bundler. */
const ownWorker = async (resolved: ResolvedConfig, source: string, worker: string): Promise<Scripts> => {
  const { build } = await import('vite');
  const built: unknown = await build({
    root: resolved.root,
    configFile: false,
    logLevel: 'warn',
    mode: resolved.mode,
    resolve: { alias: resolved.resolve.alias },
    define: { 'process.env.NODE_ENV': JSON.stringify(resolved.mode) },
    publicDir: false,
    build: {
      write: false,
      minify: resolved.command === 'build',
      rollupOptions: { input: join(resolved.root, source), output: { format: 'iife', entryFileNames: worker } },
    },
  });
  const [output] = (Array.isArray(built) ? built : [built]).filter(isOutput);
  const [script] = output?.output ?? [];
  if (script?.type !== 'chunk') throw new Error(`session-keeper: ${source} gave no worker.`);
  return new Map([...(await readyScripts([PULSE])), [worker, script.code]]);
};

/**
 * Serves and builds the worker of Session Keeper at one URL, in development and in production. So one registration serves
 * both, and no file has to be copied.
 *
 * @example
 * import { defineConfig } from 'vite';
 * import { sessionKeeper } from 'session-keeper/vite';
 * export const config = defineConfig({ plugins: [sessionKeeper()] });
 */
export const sessionKeeper = (options: SessionKeeperOptions = {}): Plugin => {
  const worker = options.worker ?? 'sw.js';
  let resolved: ResolvedConfig;
  const scripts = (): Promise<Scripts> =>
    options.source === undefined
      ? readyWorker(resolved.root, options, worker)
      : ownWorker(resolved, options.source, worker);
  const isOurs = (name: string): boolean =>
    name === worker || WORKER_FILES.includes(name) || name.startsWith(`${PARTS}/`);
  const answer = async (name: string, response: ServerResponse, next: () => void): Promise<void> => {
    const text = (await scripts()).get(name);
    if (text === undefined) return next();
    const type = { 'content-type': 'text/javascript', 'cache-control': 'no-store' };
    response.writeHead(200, { ...type, 'service-worker-allowed': resolved.base }).end(text);
  };
  const serve = (server: ViteDevServer): void => {
    server.middlewares.use((request, response, next) => {
      const path = new URL(request.url ?? '/', 'http://vite').pathname;
      const name = path.startsWith(resolved.base) ? path.slice(resolved.base.length) : '';
      if (!isOurs(name)) return next();
      answer(name, response, next).then(undefined, (error: unknown) => server.config.logger.error(String(error)));
    });
  };
  return {
    name: 'session-keeper',
    configResolved(config) {
      resolved = config;
    },
    configureServer: serve,
    async generateBundle() {
      // A build for a server, such as that of SvelteKit, has no public files.
      if (resolved.build.ssr) return;
      for (const [fileName, source] of await scripts()) this.emitFile({ type: 'asset', fileName, source });
    },
  };
};
