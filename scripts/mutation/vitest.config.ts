import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Stryker works on a copy of the repository, so the root is where this file lies. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    environment: 'node',
    include: ['test/core/**/*.test.ts'],
    testTimeout: 60_000,
    setupFiles: ['test/support/restore-globals.ts'],
  },
});
