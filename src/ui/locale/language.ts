import { retryImport } from '../base/retry-import.ts';

/** The languages that the interface speaks, each by its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof LANGUAGES;

/** English is part of the script; every other language is loaded when it is wanted. */
type Others<Words> = { readonly [L in Exclude<Language, 'en'>]: () => Promise<Words> };

/** `words` are those of the language that is spoken now; `learn` is for a part of the page that is loaded later. */
export type Catalog<Words> = { readonly strings: Words; load(): Promise<void> };

let language: Language = 'en';
const catalogs = new Set<Catalog<unknown>>();

export const catalog = <Words>(en: Words, others: Others<Words>): Catalog<Words> => {
  let words = en;
  const made: Catalog<Words> = {
    get strings() {
      return words;
    },
    // a part of the page waits for its words in its own script: one that fails there is never run again
    load: async () => {
      const wanted = language;
      const learned = wanted === 'en' ? en : await retryImport(others[wanted]);
      if (wanted === language) words = learned;
    },
  };
  catalogs.add(made);
  return made;
};

/** Resolves when everything that is rendered from now on is in this language. */
export const setLanguage = async (wanted: Language): Promise<void> => {
  language = wanted;
  await Promise.all([...catalogs].map((known) => known.load()));
};

export const currentLanguage = (): Language => language;

export const isLanguage = (tag: string): tag is Language => Object.hasOwn(LANGUAGES, tag);

/** The first of these language tags (BCP 47) that is spoken here. */
export const matchLanguage = (tags: readonly string[]): Language =>
  tags.map((tag) => tag.split('-')[0] ?? '').find(isLanguage) ?? 'en';

const DEFAULT_LOCALE: Readonly<Record<Language, string>> = { en: 'en-GB', de: 'de-DE' };
const ownLocale = new Intl.DateTimeFormat().resolvedOptions().locale;

/** For times and numbers: the words around them are in this language; whose of it decides 14:30 or 2:30 pm. */
export const formatLocale = (): string => (ownLocale.startsWith(language) ? ownLocale : DEFAULT_LOCALE[language]);
