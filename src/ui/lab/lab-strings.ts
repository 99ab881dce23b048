import { catalog } from '../locale/language.ts';
import { labEn, type LabStrings } from './lab-en.ts';

const lab = catalog<LabStrings>(labEn, { de: async () => (await import('./lab-de.ts')).labDe });

/** Loads the strings of the resilience page. */
export const loadLabStrings = (): Promise<void> => lab.load();

export const labStrings = (): LabStrings => lab.strings;
