import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { completed, missingOptional, withoutIntegrity, type ReadManifest } from '../../scripts/checks/lockfile.ts';
import { isObject, own, parseJson, type JsonObject } from '../../src/protocol/schema/json.ts';

const lockfile = async (): Promise<JsonObject> => {
  const lock = parseJson(await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8'));
  if (!isObject(lock)) throw new Error('package-lock.json is not a JSON object');
  return lock;
};

test('lists the packages of every platform: `npm ci` refuses a lock file without them', async () => {
  expect([...missingOptional(await lockfile()).keys()]).toEqual([]);
});

test('has a hash of every package', async () => {
  expect(withoutIntegrity(await lockfile())).toEqual([]);
});

test('names no address of a registry', async () => {
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

const readManifest: ReadManifest = (name) => {
  const [, os, cpu, libc] = /(linux|darwin)-(x64|arm64)(?:-(musl))?$/.exec(name) ?? [];
  const limits = { os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }) };
  return Promise.resolve({
    integrity: `sha512-${name}`,
    'dist.integrity': `sha512-${name}`,
    license: 'MIT',
    ...limits,
  });
};

test('adds a missing package beside its parent, with the limits and the hash that the registry states', async () => {
  expect([...missingOptional(SMALL).keys()]).toEqual([
    'node_modules/@tool/linux-x64-musl',
    'node_modules/other/node_modules/@tool/darwin-arm64',
  ]);
  const complete = await completed(SMALL, readManifest);
  const packages = own(complete, 'packages');
  expect(packages).toMatchObject({ 'node_modules/@tool/darwin-arm64': { version: '2.0.0', optional: true } });
  expect(isObject(packages) && own(packages, 'node_modules/@tool/linux-x64-musl')).toEqual({
    version: '2.0.0',
    integrity: 'sha512-@tool/linux-x64-musl',
    cpu: ['x64'],
    dev: true,
    libc: ['musl'],
    license: 'MIT',
    optional: true,
    os: ['linux'],
  });
  expect(isObject(packages) && own(packages, 'node_modules/other/node_modules/@tool/darwin-arm64')).toEqual({
    version: '1.0.0',
    integrity: 'sha512-@tool/darwin-arm64',
    cpu: ['arm64'],
    license: 'MIT',
    optional: true,
    os: ['darwin'],
  });
  expect(missingOptional(complete).size).toBe(0);
});

test('fails when the registry has no hash of a missing package', async () => {
  await expect(completed(SMALL, () => Promise.resolve(undefined))).rejects.toThrow(
    'no hash of @tool/linux-x64-musl@2.0.0',
  );
});
