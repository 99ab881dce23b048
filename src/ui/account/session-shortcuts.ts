import { css, html, LitElement, type TemplateResult } from 'lit';
import { query } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import { baseStyles, theme } from '../look/theme.ts';
import { appStrings, loadAppStrings } from '../strings/app-strings.ts';
import { frameStrings } from '../strings/frame-strings.ts';

await loadAppStrings();

/** The pages that `g` and a letter open. */
export const SHORTCUT_PAGES = { h: 'home', m: 'messages', t: 'timeline', l: 'lab', s: 'settings' } as const;

/**
 * The sheet of keyboard shortcuts, a modal dialog.
 *
 * @example document.querySelector('session-shortcuts')?.show();
 */
@customElement('session-shortcuts')
export class SessionShortcuts extends LitElement {
  static override styles = [
    theme,
    baseStyles,
    css`
      dialog { inline-size: min(26rem, 100vw - 2rem); max-block-size: calc(100dvb - 2rem); padding: 1.25rem; border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_surface); color: inherit; box-shadow: var(--_shadow); }
      dialog::backdrop { background: color-mix(in oklch, var(--_canvas) 60%, transparent); }
      .head { display: flex; justify-content: space-between; align-items: center; gap: 1rem; margin-block-end: .75rem; }
      .row { justify-content: space-between; padding-block: .375rem; border-block-start: 1px solid var(--_line); font-size: .875rem; }
      kbd { font: 500 .75rem/1.375rem var(--_mono); padding-inline: .4375rem; border: 1px solid var(--_line); border-block-end-width: 2px; border-radius: .3125rem; }
      p { margin-block-start: .75rem; }
    `,
  ];

  @query('dialog') private readonly dialog!: HTMLDialogElement;

  show(): void {
    this.requestUpdate();
    if (!this.dialog.open) this.dialog.showModal();
  }

  protected override render(): TemplateResult {
    const t = appStrings();
    const keys = Object.entries(SHORTCUT_PAGES).map(([key, page]) => [`g ${key}`, frameStrings()[page]] as const);
    return html`<dialog aria-labelledby="title" .closedBy=${'any'}>
      <div class="head"><h2 id="title">${t.shortcuts}</h2><button @click=${() => this.dialog.close()}>${t.close}</button></div>
      <dl>${[...keys, ['?', t.shortcuts] as const].map(
        ([key, what]) =>
          html`<div class="row"><dt>${what}</dt><dd>${key.split(' ').map((each) => html`<kbd>${each}</kbd> `)}</dd></div>`,
      )}</dl>
      <p class="soft small">${t.shortcutsOff}</p>
    </dialog>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-shortcuts': SessionShortcuts;
  }
}
