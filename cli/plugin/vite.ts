import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Plugin, ResolvedConfig, Rollup, ViteDevServer } from 'vite';
import { bundledWorker, DEFAULT_WORKER, isWorkerPath, readyWorker, type Scripts } from './worker-scripts.ts';

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
  return bundledWorker(worker, script.code);
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
  const worker = options.worker ?? DEFAULT_WORKER;
  let resolved: ResolvedConfig;
  const scripts = (): Promise<Scripts> =>
    options.source === undefined
      ? readyWorker(resolved.root, options.config, worker)
      : ownWorker(resolved, options.source, worker);
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
      if (!isWorkerPath(worker, name)) return next();
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
