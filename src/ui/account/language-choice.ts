import { html, type TemplateResult } from 'lit';
import { setPreference } from '../base/preferences.ts';
import { currentLanguage, LANGUAGES } from '../locale/language.ts';
import { appStrings } from '../strings/app-strings.ts';

/** The choice of a language, each under its own name. */
export const languageChoice = (): TemplateResult => {
  const current = currentLanguage();
  return html`<select aria-label=${appStrings().language} @change=${(event: Event) => {
    if (event.target instanceof HTMLSelectElement) setPreference('language', event.target.value);
  }}>${Object.entries(LANGUAGES).map(
    ([tag, name]) => html`<option value=${tag} lang=${tag} .selected=${tag === current}>${name}</option>`,
  )}</select>`;
};
