import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { test as base } from '../support/browser/crashes.ts';
import { build, preview } from 'vite';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The strictest policy of an app: no inline style, no inline script, no string as script. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types lit-html default',
].join('; ');

export type Gallery = {
  /** Opens a scene, and collects the console messages from then on. */
  open(scene: string, hash?: string, language?: string, entries?: number): Promise<void>;
  /** Shows another scene on the open page with a new snapshot. */
  show(scene: string): Promise<void>;
  /** The calls to the keeper so far. */
  calls(): Promise<readonly string[]>;
  readonly consoleMessages: readonly string[];
};

const galleryOn = (page: Page, origin: string): Gallery => {
  const consoleMessages: string[] = [];
  page.on('console', (message) => consoleMessages.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => consoleMessages.push(error.message));
  return {
    consoleMessages,
    open: async (scene, hash = '', language = 'en', entries = 0) => {
      await page.goto(`${origin}/test/ui/gallery.html?scene=${scene}&lang=${language}&entries=${entries}${hash}`);
      await page.waitForFunction(() => 'gallery' in globalThis);
    },
    show: (scene) => page.evaluate((name) => window.gallery.show(name), scene),
    calls: () => page.evaluate(() => window.gallery.calls),
  };
};

declare global {
  interface Window {
    /** See test/ui/gallery.ts. */
    gallery: { show(scene: string): void; calls: readonly string[] };
  }
}

/**
 * The gallery as a production build. Only a production build shows decorators that a bundler does not lower, and fields
 * that shadow a reactive property, and without an error (oxc-project/oxc#9170, lit.dev/msg/class-field-shadowing).
 */
export const test = base.extend<{ gallery: Gallery }, { origin: string }>({
  origin: [
    async ({}, use) => {
      const outDir = await mkdtemp(join(tmpdir(), 'gallery-'));
      const common = { configFile: false, root: ROOT, logLevel: 'warn' } as const;
      const input = join(ROOT, 'test/ui/gallery.html');
      await build({
        ...common,
        build: { outDir, emptyOutDir: true, modulePreload: { polyfill: false }, rolldownOptions: { input } },
      });
      const server = await preview({
        ...common,
        build: { outDir },
        preview: { host: '127.0.0.1', port: 0, headers: { 'content-security-policy': POLICY } },
      });
      const address = server.httpServer.address();
      if (address === null || typeof address === 'string') throw new Error('The gallery has no port.');
      await use(`http://127.0.0.1:${address.port}`);
      await server.close();
      await rm(outDir, { recursive: true });
    },
    { scope: 'worker' },
  ],
  gallery: async ({ page, origin }, use) => {
    await use(galleryOn(page, origin));
  },
});
