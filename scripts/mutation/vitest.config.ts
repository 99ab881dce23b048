import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { TESTS_VARIABLE } from './tests.ts';

/** Stryker works on a copy of the repository, so the root is where this file lies. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    environment: 'node',
    include: process.env[TESTS_VARIABLE]?.split(' ') ?? [],
    testTimeout: 60_000,
    setupFiles: ['test/support/restore-globals.ts'],
  },
});
