import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { isObject, own, parseJson } from '../../src/protocol/schema/json.ts';

/** What a project is built with, as far as it decides where files go. `static`: no bundler. */
export type FrameworkName = 'angular' | 'astro' | 'next' | 'nuxt' | 'sveltekit' | 'static' | 'vite' | 'webpack';

/** The worker that a site has already. */
export type FoundWorker =
  | { type: 'none' }
  /** A classic script that a person wrote, below the public folder. */
  | { type: 'own'; file: string }
  /** `generated`: a build writes it, so a line in it would be lost. */
  | { type: 'generated'; by: 'vite-plugin-pwa' | 'workbox' | 'next-pwa' | 'angular' | 'sveltekit' };

export type Project = {
  readonly root: string;
  readonly framework: FrameworkName;
  /** Folder whose files the site serves as they are, from the project's root. */
  readonly publicFolder: string;
  /** Where the site serves that folder: `/`, or `/a/` for `--public public/a`. */
  readonly urlPath: string;
  readonly worker: FoundWorker;
  /** Whether a file with the ending `.js` is an ES module here. */
  readonly isModule: boolean;
};

/** In this order: most frameworks bring Vite or webpack along. */
const FRAMEWORKS: readonly (readonly [packageName: string, framework: FrameworkName, publicFolder: string])[] = [
  ['next', 'next', 'public'],
  ['nuxt', 'nuxt', 'public'],
  ['@sveltejs/kit', 'sveltekit', 'static'],
  ['astro', 'astro', 'public'],
  ['@angular/core', 'angular', 'public'],
  ['vite', 'vite', 'public'],
  ['react-scripts', 'webpack', 'public'],
  ['webpack', 'webpack', 'public'],
];
const STATIC_FOLDERS = ['public', 'static', 'www', 'htdocs', 'src'];

const WORKER_NAMES = ['sw.js', 'service-worker.js', 'serviceworker.js', 'service_worker.js', 'worker.js'];
const GENERATORS: readonly (readonly [
  packageName: string,
  by: 'vite-plugin-pwa' | 'workbox' | 'next-pwa' | 'angular',
])[] = [
  ['vite-plugin-pwa', 'vite-plugin-pwa'],
  ['@vite-pwa/nuxt', 'vite-plugin-pwa'],
  ['@vite-pwa/astro', 'vite-plugin-pwa'],
  ['@vite-pwa/sveltekit', 'vite-plugin-pwa'],
  ['next-pwa', 'next-pwa'],
  ['@ducanh2912/next-pwa', 'next-pwa'],
  ['@angular/service-worker', 'angular'],
  ['workbox-cli', 'workbox'],
  ['workbox-build', 'workbox'],
  ['workbox-webpack-plugin', 'workbox'],
];

/** What `init` and `remove` wrote is no worker of the site (worker-text.ts). */
const OURS = /^\/\/ Written by "npx session-keeper /m;

const packagesOf = (root: string): { names: ReadonlySet<string>; isModule: boolean } => {
  const path = join(root, 'package.json');
  const manifest = existsSync(path) ? parseJson(readFileSync(path, 'utf8')) : undefined;
  if (!isObject(manifest)) return { names: new Set(), isModule: false };
  const names = ['dependencies', 'devDependencies'].flatMap((field) => {
    const listed = own(manifest, field);
    return isObject(listed) ? Object.keys(listed) : [];
  });
  return { names: new Set(names), isModule: own(manifest, 'type') === 'module' };
};

const ownWorker = (root: string, folder: string): FoundWorker => {
  const path = join(root, folder);
  const files = existsSync(path) ? readdirSync(path) : [];
  const isOurs = (name: string): boolean => OURS.test(readFileSync(join(path, name), 'utf8'));
  const file = WORKER_NAMES.find((name) => files.includes(name) && !isOurs(name));
  return file === undefined ? { type: 'none' } : { type: 'own', file };
};

const SVELTEKIT_WORKERS = ['service-worker.ts', 'service-worker.js', 'service-worker/index.ts'].map((name) =>
  join('src', name),
);

const workerOf = (root: string, folder: string, names: ReadonlySet<string>): FoundWorker => {
  const [, by] = GENERATORS.find(([name]) => names.has(name)) ?? [];
  if (by !== undefined) return { type: 'generated', by };
  if (SVELTEKIT_WORKERS.some((file) => existsSync(join(root, file)))) return { type: 'generated', by: 'sveltekit' };
  return ownWorker(root, folder);
};

const urlPathOf = (publicFolder: string, usual: string | undefined): string => {
  const path = posix.normalize(publicFolder).replace(/^\.\/|\/$/g, '');
  const folder = [...(usual === undefined ? [] : [usual]), ...STATIC_FOLDERS].find((each) =>
    path.startsWith(`${each}/`),
  );
  return folder === undefined ? '/' : `${path.slice(folder.length)}/`;
};

/** Looks at a project, and changes nothing. */
export const lookAt = (root: string, chosenFolder: string | undefined): Project => {
  const { names, isModule } = packagesOf(root);
  const [, framework, usual] = FRAMEWORKS.find(([name]) => names.has(name)) ?? ['', 'static' as const, undefined];
  const publicFolder = chosenFolder ?? usual ?? STATIC_FOLDERS.find((folder) => existsSync(join(root, folder))) ?? '.';
  const urlPath = urlPathOf(publicFolder, usual);
  return { root, framework, publicFolder, urlPath, worker: workerOf(root, publicFolder, names), isModule };
};
