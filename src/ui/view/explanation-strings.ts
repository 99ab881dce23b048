import { catalog } from '../locale/language.ts';
import { loadersOf } from '../strings/translations.ts';
import { explanationEn, type ExplanationStrings } from '../strings/explanation-en.ts';

const explanation = catalog<ExplanationStrings>(explanationEn, loadersOf('explanation'));

/** Loads the strings of `<session-why>`, which the first paint does without. */
export const loadExplanationStrings = (): Promise<void> => explanation.load();

export const explanationStrings = (): ExplanationStrings => explanation.strings;
