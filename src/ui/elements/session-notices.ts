import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement } from '../base/custom-element.ts';
import { noticeTitles } from '../base/announcements.ts';
import { SettledStatusController } from '../base/settled-status-controller.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { noticesOf, type Notice } from '../view/notices.ts';
import { frameStrings } from '../strings/frame-strings.ts';
import { appStrings, loadAppStrings } from '../strings/app-strings.ts';
import { signedInSession, statusOf } from '../base/status.ts';
import { ClockController } from '../base/clock-controller.ts';

await loadAppStrings();

/**
 * Notices above the page: a sign-in is needed, the session ends soon, a new version is ready, no network, a session that cannot be saved.
 * `<session-status>` announces their titles.
 *
 * @csspart notice - each notice
 * @csspart sign-in - the notice that the provider needs a new sign-in
 * @csspart ending - the notice that the session ends soon
 * @csspart update - the notice that a new version is ready
 * @csspart offline - the notice that a signed-in user is offline, for a page that shows this elsewhere
 * @csspart memory - the notice that the session is not saved
 * @fires session-extend - the user wants to sign in again over the page
 * @fires session-update - the user wants the new version; the page reloads unless the event is prevented
 *
 * @example <session-notices></session-notices>
 */
@customElement('session-notices')
export class SessionNotices extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      .all { display: grid; gap: .5rem; }
      .notice {
        display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between;
        padding: .625rem 1rem; border: 1px solid var(--_line); border-inline-start: 3px solid var(--_accent); border-radius: calc(var(--_radius) - .25rem);
        background: var(--_surface); font-size: .9375rem; animation: arrive .24s cubic-bezier(.2, 0, 0, 1);
      }
      .ending, .sign-in, .memory { border-inline-start-color: var(--_warn); }
      .notice p { flex: 1 1 16rem; }
      strong { font-weight: 600; }
      @keyframes arrive { from { opacity: 0; translate: 0 -.375rem; } }
    `,
  ];

  readonly #clock = new ClockController(this);
  readonly #settled = new SettledStatusController(this, () =>
    this.snapshot?.online === false ? 'offline' : statusOf(this.snapshot),
  );

  #emit(name: 'session-extend' | 'session-update'): void {
    const event = new Event(name, { bubbles: true, composed: true, cancelable: true });
    if (this.dispatchEvent(event) && name === 'session-update') this.keeper?.update.apply();
  }

  get #notices(): readonly Notice[] {
    return noticesOf(this.snapshot, this.keeper?.update, this.#settled.shown, this.#clock.now);
  }

  /** The status says already that the device is offline. */
  protected override updated(_changed: PropertyValues): void {
    const titles = this.#notices.filter(({ id }) => id !== 'offline').map(({ title }) => title);
    noticeTitles.value = titles.join('. ');
  }

  protected override render(): TemplateResult | typeof nothing {
    const notices = this.#notices;
    return html`<div class="all">${notices.map((notice) => this.#notice(notice))}</div>`;
  }

  #notice({ id, title, detail }: Notice): TemplateResult {
    const known = this.snapshot && signedInSession(this.snapshot.session) ? `notice ${id}` : 'notice';
    return html`<div class="notice ${id}" part=${known}>
      <p><strong>${title}</strong> ${detail}</p>
      ${
        id === 'update'
          ? html`<button @click=${() => {
              this.#emit('session-update');
            }}>${appStrings().reload}</button>`
          : nothing
      }
      ${
        id === 'ending' || id === 'sign-in'
          ? html`<button class="primary" @click=${() => {
              this.#emit('session-extend');
            }}>${id === 'ending' ? appStrings().staySignedIn : frameStrings().signInAgain}</button>`
          : nothing
      }
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-notices': SessionNotices;
  }
}
