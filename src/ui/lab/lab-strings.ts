import { catalog } from '../locale/language.ts';
import { labEn, type LabStrings } from '../strings/en/lab.ts';

const lab = catalog<LabStrings>(labEn, {
  de: async () => (await import('../strings/de/lab.ts')).labDe,
  fr: async () => (await import('../strings/fr/lab.ts')).labFr,
});

/** Loads the strings of the resilience page. */
export const loadLabStrings = (): Promise<void> => lab.load();

export const labStrings = (): LabStrings => lab.strings;
