import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { query, state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { hasDialog, isInUse, isOtherUser, isSameView, nextView, type GateView } from '../view/gate-view.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { frameStrings } from '../strings/frame-strings.ts';

/**
 * Shows the page to its own user only. The content of every slot stays in the document. So when the server ends a
 * session, the user signs in again in a dialog over the page, and nothing typed is lost. The attribute `in-dialog` says so.
 *
 * @slot restoring - shown while the session is restored, if that takes longer than 300 ms
 * @slot signed-in - the page
 * @slot signed-out - shown when no one is signed in, usually `<session-sign-in>`
 *
 * @csspart dialog - the dialog in which to sign in again over the page
 * @fires session-user-changed - another user has signed in over this page; the page reloads unless the event is prevented
 *
 * @example
 * <session-gate>
 *   <main slot="signed-in">…</main>
 *   <session-sign-in slot="signed-out"></session-sign-in>
 * </session-gate>
 */
@customElement('session-gate')
export class SessionGate extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      :host { display: grid; }
      .restoring { animation: appear 0s .3s both; color: var(--_soft); font-size: .9375rem; text-align: center; padding: 4rem 1rem; }
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

  /** A page returns from the back-forward cache before a snapshot says whose session it is now, so it returns hidden. */
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

  protected override onSnapshot(snapshot: Snapshot): void {
    const view = nextView(this.view, snapshot);
    if (snapshot.session.state !== 'starting') this.style.visibility = '';
    if (isSameView(view, this.view)) return;
    this.view = isOtherUser(this.view, view) && this.#isLeaving() ? { state: 'leaving' } : view;
  }

  /**
   * Opens the dialog for a user who is still signed in, so that they can sign in again before the session ends.
   *
   * @example
   * document.querySelector('session-gate')?.offerSignIn();
   */
  offerSignIn(): void {
    if (this.view.state === 'signed-in') this.view = { ...this.view, state: 'extending' };
    // the dialog is closed, but its `close` event has not fired yet
    else if (this.view.state === 'extending' && !this.dialog.open) this.dialog.showModal();
  }

  protected override updated(changed: PropertyValues): void {
    const before = changed.get('view') as GateView | undefined;
    this.toggleAttribute('in-dialog', hasDialog(this.view));
    if (!before || before.state === this.view.state) return;
    const wanted = hasDialog(this.view);
    if (wanted && !this.dialog.open) this.dialog.showModal();
    else if (!wanted && this.dialog.open) this.dialog.close();
    else if (!wanted) this.#followFocus(before);
  }

  /** True if the page reloads. Until then it stays hidden: it belongs to another user. */
  #isLeaving(): boolean {
    const event = new Event('session-user-changed', { bubbles: true, composed: true, cancelable: true });
    const leaving = this.dispatchEvent(event);
    if (leaving) location.reload();
    return leaving;
  }

  /**
   * The focused element went off screen, so focus moves to the new view, and the page stays where it is. Not at load, and
   * not if focus is elsewhere.
   */
  #followFocus(before: GateView): void {
    const lost = document.activeElement === document.body || this.contains(document.activeElement);
    if (before.state !== 'restoring' && lost)
      this.renderRoot.querySelector<HTMLElement>(`#${this.view.state}`)?.focus({ preventScroll: true });
  }

  /** In Chromium a second Escape closes a dialog even if its `cancel` event is prevented (close watcher). */
  #closed(): void {
    // it was opened again before this event fired
    if (this.dialog.open) return;
    if (this.view.state === 'ended') this.dialog.showModal();
    else this.#extended();
  }

  #extended(): void {
    if (this.view.state === 'extending') this.view = { ...this.view, state: 'signed-in' };
    else if (this.view.state === 'asked') this.view = { ...this.view, state: 'signed-in', declined: true };
  }

  protected override render(): TemplateResult {
    const { state } = this.view;
    const t = frameStrings();
    const signIn = html`<slot name="signed-out" @session-signed-in=${this.#extended}></slot>`;
    return html`
      <div class="restoring" ?hidden=${state !== 'restoring'}>
        <slot name="restoring"><p>${t.restoring}</p></slot>
      </div>
      <div id="signed-in" tabindex="-1" ?hidden=${!isInUse(this.view)} ?inert=${state === 'ended'}>
        <slot name="signed-in"></slot>
      </div>
      <div id="signed-out" tabindex="-1" ?hidden=${state !== 'signed-out'}>${state === 'signed-out' ? signIn : nothing}</div>
      <dialog part="dialog" aria-label=${t.signInAgain} .closedBy=${state === 'ended' ? 'none' : 'any'} @close=${this.#closed}>
        ${hasDialog(this.view) ? signIn : nothing}
      </dialog>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-gate': SessionGate;
  }
}
