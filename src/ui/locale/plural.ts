import { formatLocale } from './language.ts';

/** A word by the plural categories (CLDR) in which it differs; `other` for all the rest. */
type Forms = Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & { readonly other: string };

/** How a language counts. */
export const pluralsFor = (language: string) => {
  const rules = new Intl.PluralRules(language);
  /** "reload", "reloads": the word that goes with a number. */
  const noun = (count: number, forms: Forms): string => forms[rules.select(count)] ?? forms.other;
  /** "1 reload", "1,204 reloads". */
  const counted = (count: number, forms: Forms): string =>
    `${count.toLocaleString(formatLocale())} ${noun(count, forms)}`;
  return { noun, counted };
};
