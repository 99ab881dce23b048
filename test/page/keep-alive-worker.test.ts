import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { PULSE_PATH } from '../../src/protocol/bridge/bridge-constants.ts';

/** A script of its own cannot import the path. */
test('the pulse goes where the worker answers it', async () => {
  const script = await readFile(new URL('../../public/keeper-pulse.js', import.meta.url), 'utf8');
  expect(script).toContain(`fetch('${PULSE_PATH}')`);
});
