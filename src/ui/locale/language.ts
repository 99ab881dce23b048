import { retryImport } from '../base/retry-import.ts';

/** The languages of the interface, by BCP 47 tag, each under its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch', fr: 'Français' } as const;
/** A BCP 47 tag of `LANGUAGES`. */
export type Language = keyof typeof LANGUAGES;

/** English is part of the script; the other languages load when a person chooses them. */
type Others<Strings> = { readonly [L in Exclude<Language, 'en'>]: () => Promise<Strings> };

/** `strings` are in the current language; `load` is for a part of the page that arrives after the language was set. */
export type Catalog<Strings> = { readonly strings: Strings; load(): Promise<void> };

/** `undefined` until the page has set one. */
let chosen: Language | undefined;
const catalogs = new Set<Catalog<unknown>>();

export const catalog = <Strings>(en: Strings, others: Others<Strings>): Catalog<Strings> => {
  let strings = en;
  const made: Catalog<Strings> = {
    get strings() {
      return strings;
    },
    // parts of the page await this at the top of their module, and a module that fails there never runs again
    load: async () => {
      const wanted = currentLanguage();
      const loaded = wanted === 'en' ? en : await retryImport(others[wanted]);
      if (wanted === currentLanguage()) strings = loaded;
    },
  };
  catalogs.add(made);
  return made;
};

/**
 * Sets the language of the elements. Resolves when its strings are loaded, and retries until then. Elements show the new
 * language at their next render, so call it before they are defined.
 *
 * @example
 * import { matchLanguage, setLanguage } from 'session-keeper/elements';
 * await setLanguage(matchLanguage(navigator.languages));
 */
export const setLanguage = async (wanted: Language): Promise<void> => {
  chosen = wanted;
  await Promise.all([...catalogs].map((known) => known.load()));
};

export const currentLanguage = (): Language => chosen ?? 'en';

/** `undefined`: the page has set no language, so the elements are in English and the rest of the site may be in another. */
export const chosenLanguage = (): Language | undefined => chosen;

export const isLanguage = (tag: string): tag is Language => Object.hasOwn(LANGUAGES, tag);

/**
 * Returns the first of these BCP 47 tags whose language the elements have, otherwise `en`.
 *
 * @example
 * import { matchLanguage } from 'session-keeper/elements';
 * matchLanguage(['nl-NL', 'de-AT']); // 'de'
 */
export const matchLanguage = (tags: readonly string[]): Language =>
  tags.map((tag) => tag.split('-')[0] ?? '').find(isLanguage) ?? 'en';

const DEFAULT_LOCALE: Readonly<Record<Language, string>> = { en: 'en-GB', de: 'de-DE', fr: 'fr-FR' };
let ownLocale: string | undefined;

/** The locale for times and numbers: the browser's own if it is of this language, because it decides 14:30 or 2:30 pm. */
export const formatLocale = (): string => {
  const language = currentLanguage();
  ownLocale ??= new Intl.DateTimeFormat().resolvedOptions().locale;
  return ownLocale.startsWith(language) ? ownLocale : DEFAULT_LOCALE[language];
};
