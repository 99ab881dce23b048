import { vocabulary } from './speech.ts';
import { moreEn, type MoreWords } from './words/more-en.ts';

const more = vocabulary<MoreWords>(moreEn, { de: async () => (await import('./words/more-de.ts')).moreDe });

/** The words of the parts that are loaded later. Those parts are ready to be shown when this has resolved. */
export const learnMore = (): Promise<void> => more.learn();

export const moreWords = (): MoreWords => more.words;
