/** Names the tests of a run to the configuration of Vitest, as patterns with spaces between. Stryker passes no arguments on. */
export const TESTS_VARIABLE = 'MUTATION_TESTS';

/** They play every mutant. */
export const CORE_TESTS: readonly string[] = ['test/core/**/*.test.ts'];

/** They play what the tests of the core did not notice: the core in its host, with real sockets and answers of providers. */
export const HOST_TESTS: readonly string[] = [
  'test/host/**/*.test.ts',
  'test/providers/*.test.ts',
  'test/causes/{answers,refresh,time}.test.ts',
];
