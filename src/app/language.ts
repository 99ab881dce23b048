import { currentLanguage, matchLanguage, preference, setLanguage, sharedPreference } from '../ui/index.ts';

/** The language that was chosen in this browser, else the first of the browser's languages that the interface has. */
export const setPreferredLanguage = async (): Promise<void> => {
  await setLanguage(matchLanguage([preference('language'), ...navigator.languages]));
  document.documentElement.lang = currentLanguage();
};

/** Follows the preference; `changed` runs after another language was set. */
export const followLanguage = (changed: () => void): void => {
  sharedPreference('language').subscribe(() => void setPreferredLanguage().then(changed));
};
