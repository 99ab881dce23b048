import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests that start servers, browsers or compilers and take seconds each. `npm run test:rest` runs them. */
const INTEGRATION = [
  'test/conformance/conformance.test.ts',
  'test/doctor/browser.test.ts',
  'test/page/in-chromium.test.ts',
  'test/server/data-folder/{backup,data-folder,full-disk,kill-rounds,lease}.test.ts',
  'test/server/storage/{clock,restart}.test.ts',
  'test/server/realtime/hub.test.ts',
  'test/causes/disk.test.ts',
  'test/toolchain/browser-crash.test.ts',
  'test/toolchain/compiler.test.ts',
  'test/toolchain/production.test.ts',
];

/**
 * Modules of a page or a worker keep state as long as it lives, such as the language, and libraries of others leave timers.
 * Each of these files loads its modules for itself. The others share them, which saves 40 % of their time.
 */
const ISOLATED = ['test/{frameworks,migrate,page,telemetry,ui}/**/*.test.ts'];

/** What a server does on its own data folder, it does on a store that several instances share. */
const ON_REDIS = [
  'test/server/auth/{cookie-sessions,oidc,password}.test.ts',
  'test/server/auth/dpop/dpop.test.ts',
  'test/server/http/{api,downloads,uploads}.test.ts',
  'test/server/realtime/{hub,presence}.test.ts',
  'test/server/limits/lockout.test.ts',
];

/** Several instances on one store, and faults of that store. */
const FLEET = ['test/server/fleet/*.test.ts'];

/** Projects outside this repository that install the packed tarball. `npm run pack` runs them. */
const PACKAGE = ['test/package/**/*.test.ts'];

/** Vitest's own choice leaves one core free, which is half of a machine with two. */
const WORKERS = Math.max(2, availableParallelism() - 1);

export default defineConfig({
  test: {
    // Vitest may be called from any folder.
    root: fileURLToPath(new URL('.', import.meta.url)),
    environment: 'node',
    // Simulated histories take 5 s each on a quiet machine, and much longer beside other work.
    testTimeout: 60_000,
    hookTimeout: 30_000,
    // Projects with different numbers of workers run one after the other.
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**', ...ISOLATED, ...INTEGRATION, ...FLEET, ...PACKAGE],
          maxWorkers: WORKERS,
          isolate: false,
          setupFiles: ['test/support/restore-globals.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'isolated',
          include: ISOLATED,
          exclude: INTEGRATION,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'integration', include: INTEGRATION, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: 'redis',
          include: [...ON_REDIS, ...FLEET],
          setupFiles: ['test/support/server/redis-setup.ts'],
          // Servers and engines beside each other would only slow each other down on two cores.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          expect: { poll: { timeout: 15_000 } },
        },
      },
      // One site after the other: each installs, builds and starts a browser.
      {
        extends: true,
        test: { name: 'package', include: PACKAGE, fileParallelism: false, sequence: { groupOrder: 3 } },
      },
    ],
  },
});
