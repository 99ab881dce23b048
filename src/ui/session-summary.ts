import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { Problem } from '../protocol/problem.ts';
import { CalmController } from './calm-controller.ts';
import { KeeperElement } from './keeper-element.ts';
import { nextTryOf, signedIn, statusOf } from './status.ts';
import { Ticker } from './ticker.ts';
import { nextTry } from './time.ts';
import { truthOf } from './truth.ts';
import { problemWords } from './words.ts';

type SignOut = { state: 'idle' } | { state: 'busy' } | { state: 'failed'; problem: Problem };

/**
 * The session in one true sentence, and what one can do about it: try now, sign out.
 *
 * @csspart headline - the sentence
 */
@customElement('session-summary')
export class SessionSummary extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      h1 { font-size: clamp(1.625rem, 1.1rem + 2.4vw, 2.5rem); font-weight: 600; letter-spacing: -.025em; line-height: 1.15; text-wrap: balance; overflow-wrap: anywhere; }
      .detail { font-size: 1.0625rem; max-inline-size: 60ch; }
      .row { margin-block-start: .5rem; }
    `,
  ];

  readonly #ticker = new Ticker(this);
  readonly #calm = new CalmController(this, () => statusOf(this.snapshot));
  @state() private leaving: SignOut = { state: 'idle' };

  async #signOut(): Promise<void> {
    if (!this.keeper || this.leaving.state === 'busy') return;
    this.leaving = { state: 'busy' };
    const result = await this.keeper.signOut();
    this.leaving = result.ok ? { state: 'idle' } : { state: 'failed', problem: result.problem };
  }

  protected override render(): TemplateResult {
    const { snapshot, leaving } = this;
    const { now } = this.#ticker;
    const truth = truthOf(snapshot, now, this.#calm.shown);
    const next = snapshot && nextTryOf(snapshot);
    return html`<div class="stack">
      <h1 part="headline">${truth.headline}</h1>
      <p class="soft detail">${truth.detail}</p>
      <div class="row">
        ${
          next === undefined
            ? nothing
            : html`
          <button class="primary" @click=${() => this.keeper?.nudge('user')}>Try now</button>
          <span class="soft small numbers sentence">${nextTry(next, now)}</span>`
        }
        ${
          snapshot && signedIn(snapshot.session)
            ? html`
          <button aria-disabled=${leaving.state === 'busy'} @click=${this.#signOut}>
            ${leaving.state === 'busy' ? 'Signing out…' : 'Sign out'}</button>`
            : nothing
        }
      </div>
      <div role="alert">${leaving.state === 'failed' ? problemWords(leaving.problem) : nothing}</div>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-summary': SessionSummary;
  }
}
