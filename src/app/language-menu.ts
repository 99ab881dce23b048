import { isLanguage, LANGUAGES, matchLanguage, setLanguage, currentLanguage, strings } from '../ui/index.ts';

const KEY = 'language';

/** Access to storage may be blocked; then the choice lasts as long as the page. */
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
    // the language is set all the same, for this page
  }
};

/** The language that was chosen in this browser, else the first of the browser's languages that the interface has. */
export const setPreferredLanguage = async (): Promise<void> => {
  await setLanguage(matchLanguage([savedLanguage() ?? '', ...navigator.languages]));
  document.documentElement.lang = currentLanguage();
};

/** Fills the menu of languages; `changed` runs after another one was set. */
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
