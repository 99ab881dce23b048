import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { isInUse, isOtherUser, nextView, type GateView } from '../view/gate-view.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { strings } from '../strings/strings.ts';

/**
 * Shows a page to whom it belongs. Content of the other slots stays in the document, only not on screen, so
 * that nothing typed is lost when the server ends a session: signing in again happens over the page.
 *
 * @slot restoring - while the session is looked for; comes up only if that takes a noticeable time
 * @slot signed-in - the page
 * @slot signed-out - what to show when nobody is signed in, usually `<session-sign-in>`
 * @csspart dialog - the dialog to sign in again over the page
 * @fires session-user-changed - another person has signed in over this page; reloads it unless prevented
 */
@customElement('session-gate')
export class SessionGate extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      :host { display: grid; }
      .restoring { animation: appear 0s .3s both; color: var(--_soft); text-align: center; padding: 4rem 1rem; }
      @keyframes appear { from { visibility: hidden; } }
      [tabindex]:focus { outline: none; }
      [inert] { user-select: none; }
      dialog {
        inline-size: min(25rem, 100vw - 2rem); max-block-size: calc(100dvb - 2rem); padding: 0; border: 0;
        border-radius: var(--_radius); background: none; color: inherit;
        box-shadow: 0 1.5rem 4rem oklch(0% 0 0 / .28);
      }
      dialog::backdrop { background: color-mix(in oklch, var(--_canvas) 72%, transparent); backdrop-filter: blur(14px); }
    `,
  ];

  @state() private view: GateView = { state: 'restoring' };
  @query('dialog') private readonly dialog!: HTMLDialogElement;

  /** A page in the back-forward cache is on screen again before anybody has said whose session it is now. */
  readonly #cover = (): void => {
    this.style.visibility = 'hidden';
  };

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('pagehide', this.#cover);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('pagehide', this.#cover);
  }

  protected override onSnapshot({ session }: Snapshot): void {
    const view = nextView(this.view, session);
    if (session.state !== 'starting') this.style.visibility = '';
    if (view.state === this.view.state && view.sub === this.view.sub) return;
    this.view = isOtherUser(this.view, view) && this.#isLeaving() ? { state: 'leaving' } : view;
  }

  /** Lets somebody who is signed in sign in again, over the page: before a session ends that cannot be renewed. */
  offerSignIn(): void {
    if (this.view.state === 'signed-in') this.view = { ...this.view, state: 'extending' };
    // closed a moment ago, which its event is yet to tell
    else if (this.view.state === 'extending' && !this.dialog.open) this.dialog.showModal();
  }

  protected override updated(changed: PropertyValues): void {
    const before = changed.get('view') as GateView | undefined;
    if (!before || before.state === this.view.state) return;
    const wanted = this.view.state === 'ended' || this.view.state === 'extending';
    if (wanted && !this.dialog.open) this.dialog.showModal();
    else if (!wanted && this.dialog.open) this.dialog.close();
    else if (!wanted) this.#followFocus(before);
  }

  /** Another person's page is not shown, not even for as long as it takes to load it anew. */
  #isLeaving(): boolean {
    const event = new Event('session-user-changed', { bubbles: true, composed: true, cancelable: true });
    const leaving = this.dispatchEvent(event);
    if (leaving) location.reload();
    return leaving;
  }

  /** What had the focus is off screen now: put it where reading goes on. Never at load, and never taken from elsewhere. */
  #followFocus(before: GateView): void {
    const lost = document.activeElement === document.body || this.contains(document.activeElement);
    if (before.state !== 'restoring' && lost)
      this.renderRoot.querySelector<HTMLElement>(`#${this.view.state}`)?.focus();
  }

  /** Chromium lets a second Escape close a dialog whatever its `cancel` handler says (close watcher). */
  #closed(): void {
    // opened again since
    if (this.dialog.open) return;
    if (this.view.state === 'ended') this.dialog.showModal();
    else this.#extended();
  }

  #extended(): void {
    if (this.view.state === 'extending') this.view = { ...this.view, state: 'signed-in' };
  }

  protected override render(): TemplateResult {
    const { state } = this.view;
    const t = strings();
    const signIn = html`<slot name="signed-out" @session-signed-in=${this.#extended}></slot>`;
    const over = state === 'ended' || state === 'extending';
    return html`
      <div class="restoring" ?hidden=${state !== 'restoring'}>
        <slot name="restoring"><p>${t.restoring}</p></slot>
      </div>
      <div id="signed-in" tabindex="-1" ?hidden=${!isInUse(this.view)} ?inert=${state === 'ended'}>
        <slot name="signed-in"></slot>
      </div>
      <div id="signed-out" tabindex="-1" ?hidden=${state !== 'signed-out'}>${state === 'signed-out' ? signIn : nothing}</div>
      <dialog part="dialog" aria-label=${t.signInAgain} .closedBy=${state === 'extending' ? 'any' : 'none'} @close=${this.#closed}>
        ${over ? signIn : nothing}
      </dialog>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-gate': SessionGate;
  }
}
