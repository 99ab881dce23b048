import { formatLocale } from './language.ts';

/** A noun in each plural category (CLDR) that needs its own form; `other` covers the rest. */
type Forms = Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & { readonly other: string };

/** What a length of time is counted in. */
export type TimeUnit = 'second' | 'minute' | 'hour' | 'day';

/** How a language counts. `pluralsFor('en').counted(2, { one: 'tab', other: 'tabs' })` gives "2 tabs". */
export const pluralsFor = (language: string) => {
  // At the first use: see `localized`.
  let rules: Intl.PluralRules | undefined;
  /** "reload", "reloads": the word that goes with a number. */
  const noun = (count: number, forms: Forms): string =>
    forms[(rules ??= new Intl.PluralRules(language)).select(count)] ?? forms.other;
  /** "1 reload", "1,204 reloads". */
  const counted = (count: number, forms: Forms): string =>
    `${count.toLocaleString(formatLocale())} ${noun(count, forms)}`;
  return { noun, counted };
};
