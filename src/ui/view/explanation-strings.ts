import { catalog } from '../locale/language.ts';
import { explanationEn, type ExplanationStrings } from '../strings/en/explanation.ts';

const explanation = catalog<ExplanationStrings>(explanationEn, {
  de: async () => (await import('../strings/de/explanation.ts')).explanationDe,
  fr: async () => (await import('../strings/fr/explanation.ts')).explanationFr,
});

/** Loads the strings of `<session-why>`, which the first paint does without. */
export const loadExplanationStrings = (): Promise<void> => explanation.load();

export const explanationStrings = (): ExplanationStrings => explanation.strings;
