import { catalog } from '../locale/language.ts';
import { coreEn, type Strings } from './en/core.ts';

const core = catalog<Strings>(coreEn, {
  de: async () => (await import('./de/core.ts')).coreDe,
  fr: async () => (await import('./fr/core.ts')).coreFr,
});

/** For a page that imports these strings after it has set the language. */
export const loadStrings = (): Promise<void> => core.load();

/** The strings in the current language. Read them on each render: the language may change. */
export const strings = (): Strings => core.strings;
