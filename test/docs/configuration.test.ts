import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CONFIGURATION_FILE, renderConfiguration } from '../../scripts/docs/configuration.ts';

const page = renderConfiguration();

test('docs/reference/configuration.md is what `npm run docs:configuration` writes', () => {
  expect(readFileSync(CONFIGURATION_FILE, 'utf8')).toBe(page);
});

test.each(['api', 'whoami', 'signIn', 'issuer', 'reuseGraceMs', 'csrf', 'heartbeat'])(
  'explains the field %s in a row of its own',
  (field) => {
    expect(page).toMatch(new RegExp(`^\\| \`${field}\` \\| [^|]+ \\|`, 'm'));
  },
);
