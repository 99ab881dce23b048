import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { bundleScript } from '../../../scripts/build/bundle-script.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Words of the four codecs that a worker has only if it asks for them. */
const WORDS = ['possibleGap', 'pingTimeout', 'phx_leave', 'insufficient state'];

const wordsIn = async (source: string): Promise<readonly string[]> => {
  const entry = { file: 'sw.js', source, format: 'worker', tsconfig: 'sw/tsconfig.json', precache: false, baked: true };
  const { code } = await bundleScript(ROOT, { ...entry, format: 'worker' }, 'production', {
    build: '',
    precache: [],
    base: '/',
  });
  return WORDS.filter((word) => code.includes(word));
};

test('leaves optional codecs out of the shipped workers', async () => {
  expect(await wordsIn('sw/keeper-sw.ts')).toEqual([]);
  expect(await wordsIn('sw/sw.ts')).toEqual([]);
});

test('puts an optional codec into a worker that imports it', async () => {
  expect(await wordsIn('test/clients/sw.ts')).toEqual(WORDS);
});
