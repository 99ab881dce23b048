import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement } from '../base/custom-element.ts';
import type { Continuity, Snapshot } from '../../protocol/snapshot.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { SettledStatusController } from '../base/settled-status-controller.ts';
import { signedInSession, statusOf, type SignedInSession } from '../base/status.ts';
import { ClockController } from '../base/clock-controller.ts';
import { labelFor } from '../strings/frame-strings.ts';
import { strings } from '../strings/strings.ts';
import { loadAppStrings, appStrings } from '../strings/app-strings.ts';
import { dateTime, formatNumber, fromNow } from '../text/time.ts';
import { networkLabel, sessionLabel } from '../view/card-labels.ts';

await loadAppStrings();

/** Characters of a build's id: enough to distinguish two builds. */
const BUILD_LENGTH = 12;

const factRow = (name: string, value: unknown): TemplateResult =>
  html`<div class="fact"><dt>${name}</dt><dd>${value}</dd></div>`;

const KEPT = [
  ['reloads', 'countReloads'],
  ['workerRestarts', 'countRestarts'],
  ['networkLosses', 'countLosses'],
  ['refreshes', 'countRenewals'],
] as const;

/**
 * The facts behind the summary, in four cards: the session and its token, its protection, what it survived, this browser.
 *
 * @csspart card - each group of facts
 *
 * @example <session-facts></session-facts>
 */
@customElement('session-facts')
export class SessionFacts extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      :host { container-type: inline-size; }
      .all { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; }
      .card { display: flex; flex-direction: column; gap: .875rem; }
      .card > :last-child { margin-block-start: auto; }
      @container (inline-size >= 36rem) { .all { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
      @container (inline-size >= 54rem) {
        .all { grid-template-columns: repeat(3, minmax(0, 1fr)); }
        .all > :last-child { grid-column: 1 / -1; display: grid; grid-template-columns: 1fr 2fr; gap: .375rem 1.5rem;
          dl { grid-area: 1 / 2 / 3; margin: 0; align-self: center; columns: 2; column-gap: 2rem; }
          .fact { break-inside: avoid; border: 0; padding-block: .25rem; } }
      }
      h2 { font-size: var(--_t-small); color: var(--_soft); font-weight: 500; }
      .lead { font-size: 1.25rem; font-weight: 600; letter-spacing: -.01em; line-height: 1.3; overflow-wrap: anywhere; }
      .fact { display: flex; justify-content: space-between; gap: 1rem; padding-block: .4375rem; border-block-start: 1px solid var(--_line); font-size: .875rem; }
      .fact:last-child { padding-block-end: 0; }
      dt { color: var(--_soft); }
      dd { text-align: end; overflow-wrap: anywhere; min-inline-size: 0; }
      .kept { display: grid; grid-template-columns: 1fr 1fr; gap: .875rem; }
      .kept div { display: grid; }
      .kept dd { order: -1; text-align: start; font-size: 1.625rem; font-weight: 600; letter-spacing: -.02em; line-height: 1.2; }
      .kept dt { font-size: .8125rem; }
    `,
  ];

  readonly #clock = new ClockController(this);
  readonly #settled = new SettledStatusController(this, () => statusOf(this.snapshot));

  protected override render(): TemplateResult | typeof nothing {
    const { snapshot } = this;
    const session = snapshot && signedInSession(snapshot.session);
    if (!snapshot || !session) return nothing;
    return html`<div class="all">
      ${this.#session(session)}${this.#protection(snapshot, session)}${this.#kept(snapshot.kept)}${this.#here(snapshot)}
    </div>`;
  }

  #session(session: SignedInSession): TemplateResult {
    const { now } = this.#clock;
    const t = appStrings();
    return html`<section class="card" part="card">
      <h2>${t.factSession}</h2>
      <p class="lead">${sessionLabel(session, this.#settled.shown)}</p>
      <dl>
        ${session.user ? factRow(t.account, session.user.name ?? session.user.sub) : nothing}
        ${factRow(t.signInMethod, labelFor(strings().kind, session.kind))}
        ${factRow(t.factConfirmed, session.verifiedAt === undefined ? t.notYet : fromNow(session.verifiedAt, now))}
        ${session.endsAt === undefined ? nothing : factRow(t.ends, dateTime(session.endsAt))}
      </dl>
    </section>`;
  }

  #protection({ tier, durability }: Snapshot, { kind }: SignedInSession): TemplateResult {
    const t = appStrings();
    const native = this.keeper?.native;
    const [name, meaning] =
      kind === 'ticket' && tier !== 'device-bound'
        ? [t.noToken, t.noTokenMeaning]
        : [labelFor(strings().tier, tier), labelFor(t.tierMeaning, tier)];
    return html`<section class="card" part="card">
      <h2>${t.protection}</h2>
      <p class="lead">${name}</p>
      <p class="soft small">${meaning}</p>
      <dl>
        ${factRow(t.saved, durability === 'disk' ? t.onDevice : t.inMemory)}
        ${native === undefined || native === 'absent' ? nothing : factRow(t.keychain, native === 'working' ? t.holdsCopy : t.keychainSilent)}
      </dl>
    </section>`;
  }

  /** What did not happen is no row. */
  #kept(kept: Continuity): TemplateResult {
    const t = appStrings();
    const counted = KEPT.filter(([key]) => kept[key] > 0);
    return html`<section class="card" part="card">
      <h2>${t.survived}</h2>
      ${
        counted.length === 0
          ? html`<p class="soft small">${t.nothingSurvived}</p>`
          : html`<dl class="kept numbers">${counted.map(([key, name]) => html`<div><dt>${t[name](kept[key])}</dt><dd>${formatNumber(kept[key])}</dd></div>`)}</dl>`
      }
      <p class="soft small">${t.since(dateTime(kept.since))}</p>
    </section>`;
  }

  #here({ tabs, worker, build, online }: Snapshot): TemplateResult {
    const t = appStrings();
    return html`<section class="card" part="card">
      <h2>${t.thisBrowser}</h2>
      <p class="lead numbers">${t.tabsOneSession(tabs)}</p>
      <dl>
        ${factRow(t.network, networkLabel(online, this.#settled.shown))}
        ${factRow(t.runsIn, worker.host === 'page' ? t.thisPage : t.backgroundWorker)}
        ${factRow(t.startedAt, fromNow(worker.startedAt, this.#clock.now))}
        ${factRow(t.version, html`<code>${build.slice(0, BUILD_LENGTH)}</code>`)}
      </dl>
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-facts': SessionFacts;
  }
}
