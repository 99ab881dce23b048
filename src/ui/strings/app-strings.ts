import { catalog } from '../locale/language.ts';
import { appEn, type AppStrings } from './en/app.ts';

const app = catalog<AppStrings>(appEn, {
  de: async () => (await import('./de/app.ts')).appDe,
  fr: async () => (await import('./fr/app.ts')).appFr,
});

/** Loads the strings of the parts that arrive after the first paint. Each such part awaits this before it renders. */
export const loadAppStrings = (): Promise<void> => app.load();

export const appStrings = (): AppStrings => app.strings;
