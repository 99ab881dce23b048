import type { AppStrings } from './app-en.ts';
import type { Strings } from './en.ts';
import type { ExplanationStrings } from './explanation-en.ts';
import type { LabStrings } from './lab-en.ts';

/**
 * The whole interface in one language. `core` is on screen first, `app` after it, `explanation` and `lab` when they are
 * opened. English has a file for each, because every page loads the first one.
 */
export type Translation = { core: Strings; app: AppStrings; explanation: ExplanationStrings; lab: LabStrings };
