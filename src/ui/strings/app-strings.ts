import { catalog } from '../locale/language.ts';
import { appEn, type AppStrings } from './app-en.ts';

const more = catalog<AppStrings>(appEn, { de: async () => (await import('./app-de.ts')).appDe });

/** The words of the parts that are loaded later. Those parts are ready to be shown when this has resolved. */
export const loadAppStrings = (): Promise<void> => more.load();

export const appStrings = (): AppStrings => more.strings;
