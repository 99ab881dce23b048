import { afterEach, expect, test, vi } from 'vitest';
import { completeConfig } from '../../sw/parts/complete-config.ts';

const CONFIG = { api: [{ origin: 'self', path: '/api/' }], whoami: '/api/me', signIn: {} };

afterEach(() => vi.restoreAllMocks());

const consoleOf = (): string[] => {
  const lines: string[] = [];
  vi.spyOn(console, 'warn').mockImplementation((line: string) => void lines.push(line));
  return lines;
};

test.each([
  ['whoami', { ...CONFIG, whoami: undefined }, 'config.whoami is nothing, and should be a string.'],
  ['signIn', { ...CONFIG, signIn: undefined }, 'config.signIn is nothing, and should be an object.'],
  ['api', { ...CONFIG, api: undefined }, 'config.api is nothing, and should be an array.'],
  ['everything', undefined, 'config is nothing, and should be an object.'],
])(
  'says once in the console what is missing, and throws the same, without %s [worker-config-console]',
  (_, value, sentence) => {
    const lines = consoleOf();
    const said = `session-keeper: ${sentence}`;
    expect(() => completeConfig(value)).toThrow(said);
    expect(lines).toEqual([expect.stringContaining(said)]);
  },
);

test('says nothing of a complete configuration', () => {
  const lines = consoleOf();
  expect(completeConfig(CONFIG)).toEqual({ ...CONFIG, sockets: [] });
  expect(lines).toEqual([]);
});
