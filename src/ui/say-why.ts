import { vocabulary } from './speech.ts';
import { whyEn, type WhyWords } from './words/why-en.ts';

const why = vocabulary<WhyWords>(whyEn, { de: async () => (await import('./words/why-de.ts')).whyDe });

/** The words of "why?", which nobody asks at first. */
export const learnWhy = (): Promise<void> => why.learn();

export const whyWords = (): WhyWords => why.words;
