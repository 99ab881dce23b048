import { vocabulary } from '../locale/language.ts';
import { moreEn, type MoreWords } from './app-en.ts';

const more = vocabulary<MoreWords>(moreEn, { de: async () => (await import('./app-de.ts')).moreDe });

/** The words of the parts that are loaded later. Those parts are ready to be shown when this has resolved. */
export const learnMore = (): Promise<void> => more.learn();

export const moreWords = (): MoreWords => more.words;
