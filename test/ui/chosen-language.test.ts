import { expect, it } from 'vitest';
import { chosenLanguage, currentLanguage, setLanguage } from '../../src/ui/locale/language.ts';

it('is unknown until the page sets one, although the strings are English', async () => {
  expect([chosenLanguage(), currentLanguage()]).toEqual([undefined, 'en']);
  await setLanguage('fr');
  expect([chosenLanguage(), currentLanguage()]).toEqual(['fr', 'fr']);
});
