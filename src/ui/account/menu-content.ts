import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { property } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import type { Keeper } from '../../page/types/types.ts';
import { icon, ICONS } from '../look/icons.ts';
import { MORE_ICONS } from '../look/more-icons.ts';
import { segmentStyles } from '../look/segments.ts';
import { displayName, type SignedInSession } from '../base/status.ts';
import { baseStyles, theme } from '../look/theme.ts';
import { currentLanguage } from '../locale/language.ts';
import { appStrings, loadAppStrings } from '../strings/app-strings.ts';
import { frameStrings, labelFor } from '../strings/frame-strings.ts';
import { strings } from '../strings/strings.ts';
import { languageChoice } from './language-choice.ts';
import { appearanceChoice } from './appearance-choice.ts';
import './session-accounts.ts';
import { SignOutController } from './sign-out-controller.ts';

await loadAppStrings();

export type MenuContext = {
  host: EventTarget;
  keeper: Keeper | undefined;
  session: SignedInSession | undefined;
  close: () => void;
};

/** The rows of the menu. The slot of `<session-menu>` stays in its own tree, so it is a child here. */
export const menuContent = ({ host, keeper, session, close }: MenuContext): TemplateResult => {
  const showShortcuts = (): void => {
    close();
    host.dispatchEvent(new Event('session-shortcuts', { bubbles: true, composed: true }));
  };
  return html`<session-menu-rows .language=${currentLanguage()} .keeper=${keeper} .session=${session} .close=${close} .shortcuts=${showShortcuts}>
    <slot name="install" slot="install"></slot>
  </session-menu-rows>`;
};

/**
 * The content of `<session-menu>`, in a module of its own because the first paint does without it.
 *
 * @slot install - the button that installs the app
 */
@customElement('session-menu-rows')
export class SessionMenuRows extends LitElement {
  static override styles = [
    theme,
    baseStyles,
    segmentStyles,
    css`
      :host { display: grid; gap: .25rem; }
      .who { display: grid; padding: .375rem .625rem .625rem; overflow-wrap: anywhere; }
      .who strong { font-weight: 600; }
      .group { display: grid; gap: .5rem; padding: .625rem; border-block: 1px solid var(--_line); margin-block: .25rem; }
      .label { font-size: var(--_t-small); color: var(--_soft); }
      .item { display: flex; justify-content: start; gap: .625rem; inline-size: 100%; min-block-size: 2.25rem; padding: .25rem .625rem; border: 0; border-radius: .5rem; background: none; font-size: .875rem; text-align: start; }
      .item .icon { color: var(--_soft); }
      kbd { margin-inline-start: auto; font: 500 .75rem/1.25rem var(--_mono); padding-inline: .375rem; border: 1px solid var(--_line); border-radius: .25rem; color: var(--_soft); }
      .segments { font-size: .8125rem; }
    `,
  ];

  /** A change of it renders the rows again. */
  @property({ attribute: false }) language = '';
  @property({ attribute: false }) keeper: Keeper | undefined;
  @property({ attribute: false }) session: SignedInSession | undefined;
  @property({ attribute: false }) close: () => void = () => undefined;
  @property({ attribute: false }) shortcuts: () => void = () => undefined;
  readonly #leaving = new SignOutController(this, () => this.keeper);

  /** The app renders its elements in another language, and does not see into this shadow tree. */
  protected override updated(): void {
    this.renderRoot.querySelector('session-accounts')?.requestUpdate();
  }

  protected override render(): TemplateResult {
    const t = appStrings();
    const { session } = this;
    const name = session && displayName(session);
    return html`
      ${
        session
          ? html`<p class="who"><strong>${name ?? strings().signedInAs(undefined)}</strong>
        <span class="soft small">${labelFor(strings().kind, session.kind)}</span></p>`
          : nothing
      }
      <session-accounts .keeper=${this.keeper} @session-switched=${this.close} @session-left=${this.close}></session-accounts>
      <div class="group">
        ${appearanceChoice(this)}
        ${languageChoice()}
      </div>
      <slot name="install"></slot>
      ${
        session
          ? html`<a class="item button" href="#settings" @click=${this.close}>${icon(ICONS.sliders)}${frameStrings().settings}</a>`
          : nothing
      }
      <button class="item" @click=${this.shortcuts}>${icon(MORE_ICONS.key)}${t.shortcuts}<kbd>?</kbd></button>
      ${session ? this.#signOutButton() : nothing}
      <div role="alert">${this.#leaving.problem}</div>
    `;
  }

  /** The closed menu gives the focus back to its button. */
  async #signOut(): Promise<void> {
    if ((await this.#leaving.signOut()) !== 'failed') this.close();
  }

  #signOutButton(): TemplateResult {
    const { isBusy } = this.#leaving;
    return html`<button class="item" aria-disabled=${isBusy} @click=${this.#signOut}>${icon(MORE_ICONS.leave)}${
      isBusy ? appStrings().signingOut : appStrings().signOut
    }</button>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-menu-rows': SessionMenuRows;
  }
}
