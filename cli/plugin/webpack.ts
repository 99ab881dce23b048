import { configFile, DEFAULT_WORKER, readyWorker } from './worker-scripts.ts';

/** Options of the plugin. All are optional. */
export type SessionKeeperPluginOptions = {
  /** The configuration, from the root of the project. Default: `keeper.config.js`, `.mjs` or `.ts`. */
  config?: string;
  /**
   * Path of the worker from `output.path`, and its URL from `output.publicPath`. Default `sw.js`. A worker serves the pages
   * below its own folder, so where the bundles lie in `/assets/`, say `../sw.js`.
   */
  worker?: string;
};

/*
 * What the plugin uses of a compiler. webpack 5 and Rspack both have it, so neither is a dependency
 * (https://webpack.js.org/api/plugins/, https://rspack.rs/api/plugin-api).
 */
type Compilation = {
  readonly hooks: {
    readonly processAssets: {
      tapPromise(where: { name: string; stage: number }, run: () => Promise<void>): void;
    };
  };
  readonly fileDependencies: { add(path: string): unknown };
  readonly errors: { push(error: Error): unknown };
  emitAsset(path: string, source: unknown, info: { minimized: boolean }): void;
};

/** A compiler of webpack 5 or Rspack. */
export type BundlerCompiler = {
  readonly context: string;
  readonly hooks: {
    readonly thisCompilation: { tap(name: string, run: (compilation: Compilation) => void): void };
  };
  readonly webpack: {
    readonly Compilation: { readonly PROCESS_ASSETS_STAGE_ADDITIONAL: number };
    readonly sources: { readonly RawSource: new (text: string) => unknown };
  };
};

const NAME = 'session-keeper';

/**
 * Puts the worker of Session Keeper beside the bundles of webpack or Rspack, in a build and in the development server. So
 * no file has to be copied. A change of the configuration makes a new worker.
 *
 * @example
 * import { SessionKeeperPlugin } from 'session-keeper/webpack';
 * export const config = { entry: './src/page.js', plugins: [new SessionKeeperPlugin()] };
 */
export class SessionKeeperPlugin {
  readonly #options: SessionKeeperPluginOptions;

  constructor(options: SessionKeeperPluginOptions = {}) {
    this.#options = options;
  }

  apply({ context, hooks, webpack }: BundlerCompiler): void {
    const { config, worker = DEFAULT_WORKER } = this.#options;
    const { Compilation, sources } = webpack;
    const emit = async (compilation: Compilation): Promise<void> => {
      try {
        compilation.fileDependencies.add(configFile(context, config));
        for (const [path, text] of await readyWorker(context, config, worker))
          compilation.emitAsset(path, new sources.RawSource(text), { minimized: true });
      } catch (error) {
        // An error of the compilation fails a build, and a development server goes on after it.
        compilation.errors.push(error instanceof Error ? error : new Error(String(error)));
      }
    };
    hooks.thisCompilation.tap(NAME, (compilation) =>
      compilation.hooks.processAssets.tapPromise(
        { name: NAME, stage: Compilation.PROCESS_ASSETS_STAGE_ADDITIONAL },
        () => emit(compilation),
      ),
    );
  }
}
