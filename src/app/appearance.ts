import { preference, sharedPreference } from '../ui/index.ts';

/** The document in the appearance that the user chose. Runs before the first element is defined, so nothing flashes. */
export const adoptAppearance = (page: Document): void => {
  const apply = (): void => {
    const chosen = preference('appearance');
    page.documentElement.style.colorScheme = chosen === 'light' || chosen === 'dark' ? chosen : '';
  };
  apply();
  sharedPreference('appearance').subscribe(apply);
};
