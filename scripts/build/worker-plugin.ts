import type { ServerResponse } from 'node:http';
import type { OutputBundle } from 'rolldown';
import type { HotUpdateOptions, Plugin, ResolvedConfig, ViteDevServer } from 'vite';
import { CONFIG_GLOBAL, type InjectedConfig } from '../../src/protocol/config.ts';
import { bundleScript } from './bundle-script.ts';
import { precacheManifest, publicFiles } from './precache.ts';
import { sha256, sourceExists, type PrecacheEntry, type ScriptBundle, type ScriptEntry } from './script-entry.ts';

export type WorkerPluginOptions = {
  scripts: readonly ScriptEntry[];
  /** Returns the configuration for the worker in development. In production the server injects it. */
  bake: () => Promise<InjectedConfig>;
};

/** Vite's event to the page when the worker's source changed. The page then updates the worker without a reload. */
export const WORKER_CHANGED = 'keeper:sw-changed';

const DEV_CLIENT = 'virtual:keeper-dev-client';
const DEV_CLIENT_URL = `/@id/__x00__${DEV_CLIENT}`;
const DEV_CLIENT_CODE = `import.meta.hot.on('${WORKER_CHANGED}', async () => {
  for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.update();
});`;

const ID_LENGTH = 16;
const BUILD_META = /<meta name="build" content="[^"]*"\s*\/?>/;
const metaOf = (build: string): string => `<meta name="build" content="${build}">`;

const withMeta = (html: string, build: string): string =>
  BUILD_META.test(html) ? html.replace(BUILD_META, metaOf(build)) : html.replace('</head>', `${metaOf(build)}</head>`);

type DevBundle = ScriptBundle & { build: string };

/** Bundles of the dev server. It keeps each bundle until one of its modules changes. */
class DevScripts {
  readonly #root: string;
  readonly #base: string;
  readonly #bundles = new Map<ScriptEntry, Promise<DevBundle>>();

  constructor(root: string, base: string) {
    this.#root = root;
    this.#base = base;
  }

  get(entry: ScriptEntry): Promise<DevBundle> {
    const known = this.#bundles.get(entry);
    if (known) return known;
    const fresh = this.#bundle(entry);
    this.#bundles.set(entry, fresh);
    fresh.catch(() => this.#bundles.delete(entry));
    return fresh;
  }

  /** Drops the bundles that contain this file. Returns whether one of them was a worker. */
  async changed(file: string): Promise<boolean> {
    let worker = false;
    for (const [entry, pending] of this.#bundles) {
      const bundle = await pending.catch(() => undefined);
      if (!bundle?.modules.has(file)) continue;
      this.#bundles.delete(entry);
      worker ||= entry.baked;
    }
    return worker;
  }

  /** The file with this URL path that belongs to a bundle which is served now. */
  async part(path: string): Promise<string | undefined> {
    for (const pending of this.#bundles.values()) {
      const files = (await pending.catch(() => undefined))?.files ?? [];
      const found = files.find(({ fileName }) => this.#base + fileName === path);
      if (found) return String(found.source);
    }
    return undefined;
  }

  async #bundle(entry: ScriptEntry): Promise<DevBundle> {
    const bundle = (build: string): Promise<ScriptBundle> =>
      bundleScript(this.#root, entry, 'development', { build, precache: [], base: this.#base });
    const draft = await bundle('dev');
    const build = `dev-${sha256(draft.code, 'hex')}`.slice(0, ID_LENGTH);
    return { ...(await bundle(build)), build };
  }
}

const serveScripts = (server: ViteDevServer, dev: DevScripts, options: WorkerPluginOptions): void => {
  const { base, root } = server.config;
  const serve = async (entry: ScriptEntry): Promise<string> => {
    const { code } = await dev.get(entry);
    return entry.baked ? `self.${CONFIG_GLOBAL} = ${JSON.stringify(await options.bake())};\n${code}` : code;
  };
  const send = (res: ServerResponse, code: string): void => {
    res.writeHead(200, {
      'content-type': 'text/javascript',
      'cache-control': 'no-store',
      'service-worker-allowed': base,
    });
    res.end(code);
  };
  const servePart = async (path: string, res: ServerResponse, next: () => void): Promise<void> => {
    const code = await dev.part(path);
    if (code === undefined) next();
    else send(res, code);
  };
  server.middlewares.use((req, res, next) => {
    const path = req.url?.split('?')[0];
    const entry = options.scripts.find((script) => base + script.file === path);
    if (!entry) {
      if (!path?.startsWith(`${base}assets/keeper-part-`)) return next();
      void servePart(path, res, next);
      return;
    }
    if (!sourceExists(root, entry)) {
      // Never the HTML fallback, which a browser would reject as a worker.
      res.writeHead(404).end();
      return;
    }
    serve(entry).then((code) => send(res, code), next);
  });
};

/** Bundles the scripts, and writes the build's id into the HTML and the workers. */
const buildScripts = async (config: ResolvedConfig, scripts: readonly ScriptEntry[], bundle: OutputBundle) => {
  const { base, root, publicDir } = config;
  const { assetsDir } = config.build;
  const shared = publicDir ? await publicFiles(publicDir) : [];
  const manifest = (): PrecacheEntry[] => {
    const built = Object.values(bundle).map((file) => ({
      fileName: file.fileName,
      data: file.type === 'chunk' ? file.code : file.source,
    }));
    return precacheManifest([...built, ...shared], base, assetsDir);
  };
  const entries = scripts.filter((script) => sourceExists(root, script));
  const bundleAll = (build: string, precache: readonly PrecacheEntry[]): Promise<ScriptBundle[]> =>
    Promise.all(entries.map((entry) => bundleScript(root, entry, 'production', { build, precache, base })));

  // The scripts contain the build's id, so the id is the hash of the scripts without it.
  const draft = await bundleAll('', manifest());
  const contents = [JSON.stringify(manifest()), ...draft.map((script) => script.code)];
  const build = sha256(contents.join('\n'), 'hex').slice(0, ID_LENGTH);
  for (const file of Object.values(bundle)) {
    if (file.type === 'asset' && file.fileName.endsWith('.html')) file.source = withMeta(String(file.source), build);
  }
  return bundleAll(build, manifest());
};

/**
 * Builds and serves the scripts that have a stable URL: the service worker, its embeddable form, the page library.
 * In development and production they have the same URL and scope, so that one registration serves both.
 */
export const workerPlugin = (options: WorkerPluginOptions): Plugin => {
  let config: ResolvedConfig;
  let dev: DevScripts;
  const worker = options.scripts.find((script) => script.precache);
  return {
    name: 'keeper-worker',
    configResolved(resolved) {
      config = resolved;
      dev = new DevScripts(resolved.root, resolved.base);
    },
    configureServer: (server) => serveScripts(server, dev, options),
    resolveId: (id) => (id === DEV_CLIENT ? `\0${DEV_CLIENT}` : undefined),
    load: (id) => (id === `\0${DEV_CLIENT}` ? DEV_CLIENT_CODE : undefined),
    async transformIndexHtml(html, { server }) {
      if (!server) return withMeta(html, '');
      const known =
        worker && sourceExists(config.root, worker) ? await dev.get(worker).catch(() => undefined) : undefined;
      const attrs = { type: 'module', src: DEV_CLIENT_URL };
      return {
        html: withMeta(html, known?.build ?? 'dev'),
        tags: [{ tag: 'script', attrs, injectTo: 'head' as const }],
      };
    },
    async hotUpdate({ file, modules }: HotUpdateOptions) {
      if (this.environment.name !== 'client' || !(await dev.changed(file))) return undefined;
      this.environment.hot.send({ type: 'custom', event: WORKER_CHANGED, data: { file } });
      // Vite also updates a module that the page uses.
      return modules.some((module) => module.importers.size > 0) ? undefined : [];
    },
    generateBundle: {
      // Before 'post', the bundle does not contain the HTML.
      order: 'post',
      async handler(_, bundle) {
        for (const { files } of await buildScripts(config, options.scripts, bundle)) {
          for (const file of files) this.emitFile({ type: 'asset', ...file });
        }
      },
    },
  };
};
