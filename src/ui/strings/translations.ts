import type { Language, Others } from '../locale/language.ts';
import type { Translation } from './translation.ts';

type Parts = { readonly [Part in keyof Translation]: () => Promise<Translation[Part]> };

/** A language in one file: all of it loads at once. */
const oneFile = (load: () => Promise<Translation>): Parts => ({
  core: async () => (await load()).core,
  app: async () => (await load()).app,
  explanation: async () => (await load()).explanation,
  lab: async () => (await load()).lab,
});

/** How each language of `LANGUAGES` loads. */
const TRANSLATIONS: Readonly<Record<Exclude<Language, 'en'>, Parts>> = {
  de: {
    core: async () => (await import('./de.ts')).de,
    app: async () => (await import('./app-de.ts')).appDe,
    explanation: async () => (await import('./explanation-de.ts')).explanationDe,
    lab: async () => (await import('./lab-de.ts')).labDe,
  },
  fr: oneFile(async () => (await import('./fr.ts')).fr),
};

/** The loaders of one part, for its catalog. */
export const loadersOf = <Part extends keyof Translation>(part: Part): Others<Translation[Part]> => ({
  de: TRANSLATIONS.de[part],
  fr: TRANSLATIONS.fr[part],
});
