/** Names the tests of a file to the configuration of Vitest. Stryker passes no arguments on. */
export const TESTS_VARIABLE = 'MUTATION_TESTS';

/** Sources that the tests of the host hold, by the beginning of their path. */
const BY_HOST: readonly (readonly [sources: string, tests: string])[] = [
  // The rules of several sessions and their host are in one world.
  ['src/core/named-sessions/', 'test/host/named-sessions/*.test.ts'],
  ['src/core/request-template.ts', 'test/host/auth/*.test.ts'],
];

/** Which tests can notice a change of this file, as a pattern. */
export const testsOf = (file: string): string =>
  BY_HOST.find(([sources]) => file.startsWith(sources))?.[1] ?? 'test/core/**/*.test.ts';
