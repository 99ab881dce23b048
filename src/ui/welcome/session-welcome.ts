import { css, html, nothing, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { icon, ICONS } from '../look/icons.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { MORE_ICONS } from '../look/more-icons.ts';
import { loadOffer, offer } from '../base/offer.ts';
import { appStrings, loadAppStrings } from '../strings/app-strings.ts';
import { problemText } from '../text/problem-text.ts';
import { strings } from '../strings/strings.ts';
import { faultStrip, stripStyles } from './fault-strip.ts';

await loadAppStrings();

type Trying = { state: 'idle' } | { state: 'busy' } | { state: 'failed'; problem: Problem };

/**
 * What the product is, in one sentence and one moving picture, and one click to try it where the server offers an account.
 * In a narrow window it leaves the room to the form once a user was signed in here (attribute `returning`).
 *
 * @csspart title - the sentence
 *
 * @example <session-welcome></session-welcome>
 */
@customElement('session-welcome')
export class SessionWelcome extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    stripStyles,
    css`
      .all { display: grid; gap: clamp(1.25rem, 3vw, 2rem); }
      h2 { font-size: clamp(1.875rem, 1.2rem + 3vw, 3.25rem); font-weight: 600; letter-spacing: -.035em; line-height: 1.06; text-wrap: balance; }
      .lead { font-size: clamp(1rem, .95rem + .3vw, 1.1875rem); max-inline-size: 34rem; text-wrap: pretty; }
      .try { min-block-size: 2.75rem; }
      .try .row { min-block-size: 2.75rem; }
      .primary { display: inline-flex; align-items: center; gap: .5rem; min-block-size: 2.75rem; padding-inline: 1.25rem; }
      .points { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .75rem 1.5rem; font-size: .875rem; }
      .points li { display: grid; grid-template-columns: auto 1fr; gap: .5rem; align-items: start; color: var(--_soft); }
      .points strong { color: var(--_ink); font-weight: 600; display: block; }
      .points .icon { color: var(--_accent); margin-block-start: .125rem; }
      @media (width < 32rem) { .try .row { flex-wrap: nowrap; } .try button { flex: none; } .try .small { font-size: .75rem; line-height: 1.25; } }
      @media (width < 60rem) { .points { display: none; } :host([returning]) { display: none; } }
    `,
  ];

  @state() private trying: Trying = { state: 'idle' };

  constructor() {
    super();
    offer.renderOnChange(this);
  }

  protected override onSnapshot({ session }: Snapshot): void {
    if (session.state !== 'signed-out') return;
    this.toggleAttribute('returning', session.reason !== 'never');
    if (this.keeper) void loadOffer(this.keeper);
  }

  async #try(): Promise<void> {
    const { keeper } = this;
    const account = offer.value?.demo;
    if (!keeper || !account || this.trying.state === 'busy') return;
    this.trying = { state: 'busy' };
    const result = await keeper.signIn({ kind: 'password', ...account });
    this.trying = result.ok ? { state: 'idle' } : { state: 'failed', problem: result.problem };
    if (result.ok && offer.value?.lab) location.hash = 'lab';
  }

  protected override render(): TemplateResult {
    const t = appStrings();
    return html`<section class="all" aria-label="Session Keeper">
      <h2 part="title">${t.promise}</h2>
      <p class="soft lead">${t.promiseDetail}</p>
      ${faultStrip()}
      <div class="try">${this.#tryIt()}</div>
      <ul class="points">${(
        [
          [MORE_ICONS.shield, t.pointSafe, t.pointSafeDetail],
          [ICONS.bolt, t.pointProof, t.pointProofDetail],
          [MORE_ICONS.device, t.pointYours, t.pointYoursDetail],
        ] as const
      ).map(([path, title, text]) => html`<li>${icon(path)}<span><strong>${title}</strong>${text}</span></li>`)}</ul>
    </section>`;
  }

  #tryIt(): TemplateResult | typeof nothing {
    const t = appStrings();
    const { trying, snapshot } = this;
    const isOffered = offer.value?.demo !== undefined && snapshot?.signInKinds.includes('password');
    if (!isOffered) return nothing;
    const isBusy = trying.state === 'busy';
    return html`<div class="row"><button class="primary" aria-disabled=${isBusy} @click=${this.#try}>${icon(ICONS.bolt)}${isBusy ? strings().signingIn : t.tryNowAsDemo}</button>
      <span class="soft small">${t.tryNowDetail}</span></div>
      ${trying.state === 'failed' ? html`<div role="alert">${problemText(trying.problem)}</div>` : nothing}`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-welcome': SessionWelcome;
  }
}
