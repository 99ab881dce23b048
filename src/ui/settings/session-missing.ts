import { css, html, type TemplateResult } from 'lit';
import { customElement } from '../base/custom-element.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { appStrings, loadAppStrings } from '../strings/app-strings.ts';

await loadAppStrings();

/**
 * Says that the address names no page of this app, and leads back.
 *
 * @example <session-missing></session-missing>
 */
@customElement('session-missing')
export class SessionMissing extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      .stack { justify-items: start; padding-block: clamp(2rem, 10vh, 6rem); }
    `,
  ];

  /** The page stays in the document, and another address may lead to it. */
  readonly #again = (): void => this.requestUpdate();

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('hashchange', this.#again);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('hashchange', this.#again);
  }

  protected override render(): TemplateResult {
    const t = appStrings();
    return html`<section class="stack" aria-labelledby="title">
      <h1 id="title">${t.missing}</h1>
      <p class="soft">${t.missingDetail} <code>${location.pathname}${location.hash}</code></p>
      <a class="button primary" href="/#home">${t.toHome}</a>
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-missing': SessionMissing;
  }
}
