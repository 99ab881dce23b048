import { vocabulary } from '../locale/language.ts';
import { whyEn, type WhyWords } from './explanation-en.ts';

const why = vocabulary<WhyWords>(whyEn, { de: async () => (await import('./explanation-de.ts')).whyDe });

/** The words of "why?", which nobody asks at first. */
export const learnWhy = (): Promise<void> => why.learn();

export const whyWords = (): WhyWords => why.words;
