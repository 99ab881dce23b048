import { catalog } from '../locale/language.ts';
import { explanationEn, type ExplanationStrings } from '../strings/explanation-en.ts';

const explanation = catalog<ExplanationStrings>(explanationEn, {
  de: async () => (await import('../strings/explanation-de.ts')).explanationDe,
  fr: async () => (await import('../strings/fr.ts')).fr.explanation,
});

/** Loads the strings of `<session-why>`, which the first paint does without. */
export const loadExplanationStrings = (): Promise<void> => explanation.load();

export const explanationStrings = (): ExplanationStrings => explanation.strings;
