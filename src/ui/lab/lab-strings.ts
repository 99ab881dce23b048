import { catalog } from '../locale/language.ts';
import { labEn, type LabStrings } from '../strings/lab-en.ts';
import { loadersOf } from '../strings/translations.ts';

const lab = catalog<LabStrings>(labEn, loadersOf('lab'));

/** Loads the strings of the resilience page. */
export const loadLabStrings = (): Promise<void> => lab.load();

export const labStrings = (): LabStrings => lab.strings;
