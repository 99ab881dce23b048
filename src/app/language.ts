import { isLanguage, LANGUAGES, matchLanguage, setLanguage, currentLanguage, strings } from '../ui/index.ts';

const KEY = 'language';

/** Storage may be switched off; then the choice lasts as long as the page. */
const savedLanguage = (): string | null => {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
};

const saveLanguage = (language: string): void => {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // the page speaks it all the same
  }
};

/** The one that was chosen here, else the first that this browser's person reads. */
export const setPreferredLanguage = async (): Promise<void> => {
  await setLanguage(matchLanguage([savedLanguage() ?? '', ...navigator.languages]));
  document.documentElement.lang = currentLanguage();
};

/** Fills the choice of languages; `changed` is called when another one is spoken. */
export const offerLanguages = (select: HTMLSelectElement, changed: () => void): void => {
  select.replaceChildren(...Object.entries(LANGUAGES).map(([tag, name]) => new Option(name, tag)));
  const reflect = (): void => {
    select.value = currentLanguage();
    select.ariaLabel = strings().language;
    document.documentElement.lang = currentLanguage();
  };
  reflect();
  select.addEventListener('change', () => {
    const { value } = select;
    if (!isLanguage(value)) return;
    saveLanguage(value);
    void setLanguage(value).then(() => {
      reflect();
      changed();
    });
  });
};
