import { expect, test } from 'vitest';
import { moduleSource } from '../../lab/record/module-source.ts';

test('writes a module of readable locators, without the password', () => {
  const source = moduleSource(
    [
      { type: 'click', element: { role: 'link', text: "Let's log in" } },
      { type: 'fill', element: { role: 'textbox', label: 'User' }, value: 'm' },
      { type: 'fill', element: { role: 'textbox', label: 'User' }, value: 'me' },
      { type: 'secret', element: { role: 'textbox', name: 'pw' } },
      { type: 'enter', element: { role: 'textbox', placeholder: 'Secret' } },
    ],
    '/api/me',
  );
  expect(source.split('\n').slice(2, 6)).toEqual([
    "  await page.getByRole('link', { name: 'Let\\'s log in' }).first().click();",
    "  await page.getByLabel('User', { exact: true }).first().fill('me');",
    "  await page.locator('[name=\"pw\"]').first().fill(process.env.SESSION_KEEPER_PASSWORD ?? '');",
    "  await page.getByPlaceholder('Secret').first().press('Enter');",
  ]);
  expect(source).toContain("export const proof = '/api/me';");
});
