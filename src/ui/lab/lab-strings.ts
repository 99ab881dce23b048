import { catalog } from '../locale/language.ts';
import { labEn, type LabStrings } from '../strings/lab-en.ts';

const lab = catalog<LabStrings>(labEn, {
  de: async () => (await import('../strings/lab-de.ts')).labDe,
  fr: async () => (await import('../strings/fr.ts')).fr.lab,
});

/** Loads the strings of the resilience page. */
export const loadLabStrings = (): Promise<void> => lab.load();

export const labStrings = (): LabStrings => lab.strings;
