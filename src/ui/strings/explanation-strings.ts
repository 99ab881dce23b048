import { catalog } from '../locale/language.ts';
import { explanationEn, type ExplanationStrings } from './explanation-en.ts';

const why = catalog<ExplanationStrings>(explanationEn, {
  de: async () => (await import('./explanation-de.ts')).explanationDe,
});

/** The words of "why?", which nobody asks at first. */
export const loadExplanationStrings = (): Promise<void> => why.load();

export const explanationStrings = (): ExplanationStrings => why.strings;
