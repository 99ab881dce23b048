import { describe, expect, test } from 'vitest';
import { pageStrings } from '../../../server/provider/page-strings.ts';
import { OidcClient } from '../support/agent.ts';
import { startTestServer } from '../support/start.ts';
import { continuePage, signInPage } from '../../../server/provider/sign-in-page.ts';

describe("the language of the provider's pages", () => {
  test.each([
    ['the first that the browser prefers', 'nl, de-AT;q=0.8, en;q=0.9', undefined, 'en'],
    ['a region of a language', 'de-AT', undefined, 'de'],
    ['what the client wants, before the browser', 'de', 'xx fr-CA', 'fr'],
    ['English without a wish', undefined, undefined, 'en'],
    ['English for nonsense', 'constructor;q=x', ['de'], 'en'],
    ['no language that the browser refuses', 'de;q=0', undefined, 'en'],
  ])('is %s', (_, accept, wanted, language) => {
    expect(pageStrings(accept, wanted).language).toBe(language);
  });

  test('has all strings, and each differs from English', () => {
    const english = pageStrings('en');
    for (const tag of ['de', 'fr']) {
      const other = pageStrings(tag);
      expect(Object.keys(other)).toEqual(Object.keys(english));
      const same = Object.entries(english).filter(([key, text]) =>
        Object.entries(other).some(([k, t]) => k === key && t === text),
      );
      expect(same).toEqual([]);
    }
  });

  test('is the language of the document, and escapes what it did not write', () => {
    const t = pageStrings('de');
    expect(signInPage({ t, action: '/x', problem: '<b>' })).toContain('<html lang="de">');
    expect(continuePage({ t, action: '/x', name: '<script>' })).not.toContain('<script>');
  });
});

test('the page that asks whether to sign out is in the language that the client names', async () => {
  const server = await startTestServer();
  const client = await OidcClient.create(server);
  await client.signIn();
  const url = `${client.metadata.end_session_endpoint}?client_id=session-keeper&ui_locales=fr`;
  const page = await client.browser.open(url, { headers: { 'accept-language': 'de' } });
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<html lang="fr"');
  await server.stop();
});
