import { catalog } from '../locale/language.ts';
import { explanationEn, type ExplanationStrings } from './explanation-en.ts';

const explanation = catalog<ExplanationStrings>(explanationEn, {
  de: async () => (await import('./explanation-de.ts')).explanationDe,
});

/** Loads the strings of `<session-why>`, which the first paint does without. */
export const loadExplanationStrings = (): Promise<void> => explanation.load();

export const explanationStrings = (): ExplanationStrings => explanation.strings;
