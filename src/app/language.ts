import { isLanguage, LANGUAGES, languageFor, speak, spoken, words } from '../ui/index.ts';

const KEY = 'language';

/** Storage may be switched off; then the choice lasts as long as the page. */
const chosen = (): string | null => {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
};

const keep = (language: string): void => {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // the page speaks it all the same
  }
};

/** The one that was chosen here, else the first that this browser's person reads. */
export const speakOwnLanguage = async (): Promise<void> => {
  await speak(languageFor([chosen() ?? '', ...navigator.languages]));
  document.documentElement.lang = spoken();
};

/** Fills the choice of languages; `changed` is called when another one is spoken. */
export const offerLanguages = (select: HTMLSelectElement, changed: () => void): void => {
  select.replaceChildren(...Object.entries(LANGUAGES).map(([tag, name]) => new Option(name, tag)));
  const reflect = (): void => {
    select.value = spoken();
    select.ariaLabel = words().language;
    document.documentElement.lang = spoken();
  };
  reflect();
  select.addEventListener('change', () => {
    const { value } = select;
    if (!isLanguage(value)) return;
    keep(value);
    void speak(value).then(() => {
      reflect();
      changed();
    });
  });
};
