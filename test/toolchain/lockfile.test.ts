import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { completed, missingOptional } from '../../scripts/checks/lockfile.ts';
import { isObject, own, parseJson, type JsonObject } from '../../src/protocol/json.ts';

const lockfile = async (): Promise<JsonObject> => {
  const lock = parseJson(await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8'));
  if (!isObject(lock)) throw new Error('package-lock.json is not a JSON object');
  return lock;
};

test('the lockfile lists the packages of every platform, without which `npm ci` refuses it', async () => {
  expect([...missingOptional(await lockfile()).keys()]).toEqual([]);
});

test('the lockfile names no address of a registry', async () => {
  expect(JSON.stringify(await lockfile())).not.toMatch(/"resolved"|https?:\/\/[^"]*\.tgz/);
});

const SMALL: JsonObject = {
  lockfileVersion: 3,
  packages: {
    '': { optionalDependencies: { present: '^1.0.0' } },
    'node_modules/present': { version: '1.2.0' },
    'node_modules/tool': {
      version: '2.0.0',
      dev: true,
      optionalDependencies: { '@tool/linux-x64-musl': '2.0.0', '@tool/darwin-arm64': '2.0.0' },
    },
    'node_modules/@tool/darwin-arm64': { version: '2.0.0', optional: true },
    'node_modules/other/node_modules/tool': {
      version: '1.0.0',
      optionalDependencies: { '@tool/darwin-arm64': '1.0.0' },
    },
  },
};

test('what is missing is added beside its parent, for its platform only', () => {
  expect([...missingOptional(SMALL).keys()]).toEqual([
    'node_modules/@tool/linux-x64-musl',
    'node_modules/other/node_modules/@tool/darwin-arm64',
  ]);
  const packages = own(completed(SMALL), 'packages');
  expect(packages).toMatchObject({
    'node_modules/@tool/linux-x64-musl': {
      version: '2.0.0',
      dev: true,
      optional: true,
      os: ['linux'],
      cpu: ['x64'],
      libc: ['musl'],
    },
    'node_modules/other/node_modules/@tool/darwin-arm64': {
      version: '1.0.0',
      optional: true,
      os: ['darwin'],
      cpu: ['arm64'],
    },
    'node_modules/@tool/darwin-arm64': { version: '2.0.0' },
  });
  expect(missingOptional(completed(SMALL)).size).toBe(0);
});
