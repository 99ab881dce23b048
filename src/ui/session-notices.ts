import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { CalmController } from './calm-controller.ts';
import { KeeperElement } from './keeper-element.ts';
import { signedIn, statusOf } from './status.ts';

/**
 * The few things worth interrupting for, calmly: a new version, no network, a session that cannot be saved.
 *
 * @csspart notice - each notice
 * @csspart offline - the one that says so to somebody who is signed in, for a page that says it otherwise
 */
@customElement('session-notices')
export class SessionNotices extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      [role=status] { display: grid; gap: .5rem; }
      .notice {
        display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between;
        padding: .625rem 1rem; border: 1px solid var(--_line); border-radius: var(--_radius);
        background: var(--_surface); font-size: .9375rem; animation: arrive .24s cubic-bezier(.2, 0, 0, 1);
      }
      .notice p { flex: 1 1 16rem; }
      strong { font-weight: 600; }
      @keyframes arrive { from { opacity: 0; translate: 0 -.375rem; } }
    `,
  ];

  readonly #calm = new CalmController(this, () =>
    this.snapshot?.online === false ? 'offline' : statusOf(this.snapshot),
  );

  protected override render(): TemplateResult {
    const { snapshot, keeper } = this;
    const session = snapshot && signedIn(snapshot.session);
    return html`<div role="status">
      ${
        keeper?.update.ready
          ? html`<div class="notice" part="notice">
        <p><strong>A new version is ready.</strong> You stay signed in.</p>
        <button @click=${() => {
          keeper.update.apply();
        }}>Reload</button>
      </div>`
          : nothing
      }
      ${
        this.#calm.shown === 'offline'
          ? html`<div class="notice" part=${session ? 'notice offline' : 'notice'}>
        <p><strong>You are offline.</strong> ${session ? 'You stay signed in, and messages wait until the network is back.' : 'To sign in, you need the network.'}</p>
      </div>`
          : nothing
      }
      ${
        session && snapshot.durability === 'memory'
          ? html`<div class="notice" part="notice">
        <p><strong>This session is not saved.</strong> This browser cannot write to its disk right now. If you close it, you have to sign in again.</p>
      </div>`
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
