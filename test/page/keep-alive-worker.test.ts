import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { PULSE_PATH } from '../../src/protocol/bridge/bridge-constants.ts';

/** The pulse script is a separate file, so it cannot import the path. */
test('sends the pulse to the path that the worker answers', async () => {
  const script = await readFile(new URL('../../public/keeper-pulse.js', import.meta.url), 'utf8');
  expect(script).toContain(`fetch('${PULSE_PATH}')`);
});
