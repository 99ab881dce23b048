import { chmod } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { findBrowser } from '../../scripts/browsers/find-browser.ts';
import { createFixture, type Fixture } from '../support/fixture.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture({
    'bin/chromium': '#!/bin/sh\n',
    'bin/google-chrome': '#!/bin/sh\n',
    'named/browser': '',
  });
  await chmod(join(fixture.root, 'bin/google-chrome'), 0o755);
  await chmod(join(fixture.root, 'named/browser'), 0o755);
});
afterAll(() => fixture.remove());
afterEach(() => vi.unstubAllEnvs());

test('uses the browser of CHROMIUM_PATH first', () => {
  vi.stubEnv('CHROMIUM_PATH', join(fixture.root, 'named/browser'));
  vi.stubEnv('PATH', join(fixture.root, 'bin'));
  expect(findBrowser()).toEqual({ path: join(fixture.root, 'named/browser'), from: 'CHROMIUM_PATH' });
});

test('fails when CHROMIUM_PATH does not exist', () => {
  vi.stubEnv('CHROMIUM_PATH', join(fixture.root, 'bin/chromium'));
  expect(findBrowser).toThrow('not an executable file');
});

test('uses an executable browser on the PATH when CHROMIUM_PATH is empty', () => {
  vi.stubEnv('CHROMIUM_PATH', '');
  vi.stubEnv('PATH', ['/nowhere', join(fixture.root, 'bin')].join(delimiter));
  expect(findBrowser()).toEqual({ path: join(fixture.root, 'bin/google-chrome'), from: 'system' });
});
