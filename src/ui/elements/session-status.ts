import { css, html, nothing, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import { announcement, noticeTitles } from '../base/announcements.ts';
import { SettledStatusController } from '../base/settled-status-controller.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { popoverStyles } from '../look/popover.ts';
import { frameStrings, labelFor } from '../strings/frame-strings.ts';
import { statusOf, type Status } from '../base/status.ts';
import { ClockController } from '../base/clock-controller.ts';

const DOT: Record<Status, string> = {
  starting: '',
  connected: 'good',
  limited: 'warn',
  reconnecting: 'warn',
  'sign-in-required': 'warn',
  offline: '',
  'signed-out': '',
};

/**
 * The session's status in one word, with details in a popover. Trouble that is over within three seconds never shows.
 * It holds the page's one polite live region: the status, the titles of the notices, and the result of the last action.
 *
 * @csspart pill - the button
 * @csspart details - the popover
 *
 * @example <session-status></session-status>
 */
@customElement('session-status')
export class SessionStatus extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    popoverStyles,
    css`
      :host { display: inline-block; }
      .pill {
        anchor-name: --pill; display: inline-flex; align-items: center; gap: .5rem; min-block-size: 2.25rem; min-inline-size: 9rem;
        padding: .25rem .875rem; border-radius: 2rem; white-space: nowrap; font-size: .875rem;
      }
      .pill::after { content: ''; margin-inline-start: auto; inline-size: .4375rem; block-size: .4375rem; border: solid var(--_soft); border-width: 0 1.5px 1.5px 0; rotate: 45deg; translate: 0 -.125rem; }
      .reconnecting .dot { animation: breathe 1.6s ease-in-out infinite alternate; }
      .offline .dot, .starting .dot { background: none; box-shadow: inset 0 0 0 2px var(--_edge); }
      @keyframes breathe { to { opacity: .3; } }
      [popover] { position-anchor: --pill; inline-size: min(22rem, 100vw - 2rem); padding: 1.25rem; }
      .stack { gap: .75rem; }
      h2 { text-wrap: balance; }
      li { display: grid; padding-block: .375rem; border-block-start: 1px solid var(--_line); }
    `,
  ];

  readonly #settled = new SettledStatusController(this, () => statusOf(this.snapshot));
  readonly #clock = new ClockController(this);

  @state() private details: typeof import('../view/status-details.ts') | undefined;

  constructor() {
    super();
    announcement.renderOnChange(this);
    noticeTitles.renderOnChange(this);
  }

  protected override render(): TemplateResult {
    const { shown } = this.#settled;
    const word = labelFor(frameStrings().status, shown);
    return html`<button class="pill ${shown}" part="pill" popovertarget="details" aria-label=${frameStrings().sessionIs(word)}><span class="dot ${DOT[shown]}"></span>${word}</button>
      <span class="unseen" role="status" aria-atomic="false"><span>${this.#announced(word)}</span> <span>${announcement.value}</span></span>
      <div id="details" part="details" popover="auto" @beforetoggle=${() => void this.#load()}>${this.details?.statusDetails(this.keeper, this.snapshot, this.#clock.now, shown) ?? nothing}</div>
    `;
  }

  /** The first paint does without the details. */
  async #load(): Promise<void> {
    this.details ??= await import('../view/status-details.ts');
  }

  /** Without any countdown, which would be read every second. `announcement` is a node of its own, or a change of one would read both. */
  #announced(word: string): string {
    return [word, noticeTitles.value].filter(Boolean).join('. ');
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-status': SessionStatus;
  }
}
