import { css, html, nothing, type TemplateResult } from 'lit';
import { query, state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import { icon, ICONS } from '../look/icons.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { popoverStyles } from '../look/popover.ts';
import { displayName, signedInSession } from '../base/status.ts';
import { appStrings, loadAppStrings } from '../strings/app-strings.ts';
import { initials } from './initials.ts';

await loadAppStrings();

type Content = typeof import('./menu-content.ts');

/**
 * The account and what belongs to this browser: appearance, language, install, settings, sign-out. Its content loads when
 * it opens.
 *
 * @slot install - the button that installs the app
 * @csspart button - the button that opens the menu
 * @csspart menu - the menu
 * @fires session-shortcuts - the user wants to see the keyboard shortcuts
 *
 * @example <session-menu></session-menu>
 */
@customElement('session-menu')
export class SessionMenu extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    popoverStyles,
    css`
      :host { display: inline-block; }
      .open { anchor-name: --menu; display: grid; place-items: center; inline-size: 2.25rem; min-block-size: 2.25rem; padding: 0; border-radius: 50%; font-size: .75rem; font-weight: 600; letter-spacing: .02em; }
      .known { background: color-mix(in oklch, var(--_accent) 16%, var(--_surface)); border-color: transparent; color: color-mix(in oklch, var(--_accent) 72%, var(--_ink)); }
      @media (pointer: coarse) { .open { inline-size: 2.75rem; } }
      [popover] { position-anchor: --menu; inline-size: min(19rem, 100vw - 2rem); padding: .5rem; }
    `,
  ];

  @state() private content: Content | undefined;
  @query('[popover]') private readonly popoverElement!: HTMLElement;

  async #load(): Promise<void> {
    this.content ??= await import('./menu-content.ts');
  }

  /** Closes the menu, for a choice that leads elsewhere. */
  readonly #close = (): void => this.popoverElement.hidePopover();

  protected override render(): TemplateResult {
    const t = appStrings();
    const session = signedInSession(this.snapshot?.session);
    const name = session && (displayName(session) ?? '');
    return html`<button class="open ${session ? 'known' : ''}" part="button" popovertarget="menu" aria-label=${session ? t.accountOf(name ?? '') : t.menu}>${
      name ? html`<span aria-hidden="true">${initials(name)}</span>` : icon(ICONS.sliders)
    }</button>
      <div id="menu" part="menu" popover="auto" @beforetoggle=${() => void this.#load()}>
        ${this.content?.menuContent({ host: this, keeper: this.keeper, session, close: this.#close }) ?? nothing}
      </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-menu': SessionMenu;
  }
}
