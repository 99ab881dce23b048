import { html, type LitElement, type TemplateResult } from 'lit';
import { preference, setPreference } from '../base/preferences.ts';
import { appStrings } from '../strings/app-strings.ts';

/** Empty: as the device has it. */
const APPEARANCES = ['', 'light', 'dark'] as const;

/** The choice between the device's appearance, light and dark. The document follows the preference (`src/app/appearance.ts`). */
export const appearanceChoice = (host: LitElement): TemplateResult => {
  const t = appStrings();
  const chosen = preference('appearance');
  return html`<fieldset class="segments"><legend class="unseen">${t.appearance}</legend>${APPEARANCES.map(
    (value) =>
      html`<label><input type="radio" name="appearance" .checked=${value === chosen} @change=${() => {
        setPreference('appearance', value);
        host.requestUpdate();
      }} />${t.appearances[value || 'system']}</label>`,
  )}</fieldset>`;
};
