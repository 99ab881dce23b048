import { css, html, LitElement, type TemplateResult } from 'lit';
import { property } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import { baseStyles, theme } from '../look/theme.ts';
import { appStrings } from '../strings/app-strings.ts';
import { duration, formatNumber, percent } from '../text/time.ts';
import { timelineOf, type Timeline } from '../timeline/model.ts';
import { summaryOf, type Summary } from '../timeline/summary.ts';
import '../lanes/session-lanes.ts';

const FIGURES = ['events', 'time', 'connected', 'renewals', 'failures', 'restarts', 'losses', 'signOuts'] as const;

const valueOf = (summary: Summary, figure: (typeof FIGURES)[number]): string => {
  if (figure === 'time') return duration(summary.ms);
  return figure === 'connected' ? percent(summary.valid) : formatNumber(summary[figure]);
};

/**
 * Another timeline below the one on screen: its lanes, and the figures of both beside each other.
 *
 * @example
 * html`<session-compare .here=${timeline} .there=${other} name="from-a-friend.json"></session-compare>`
 */
@customElement('session-compare')
export class SessionCompare extends LitElement {
  static override styles = [
    theme,
    baseStyles,
    css`
      :host { display: grid; gap: 1rem; min-inline-size: 0; }
      h2 { overflow-wrap: anywhere; }
      .scroll { overflow-x: auto; }
      table { border-collapse: collapse; inline-size: 100%; font-size: .875rem; }
      th, td { text-align: start; padding: .5rem .75rem .5rem 0; border-block-end: 1px solid var(--_line); font-weight: 400; overflow-wrap: anywhere; }
      thead th { color: var(--_soft); font-size: .8125rem; }
      tbody th { color: var(--_soft); }
      .differs td { font-weight: 600; }
    `,
  ];

  @property({ attribute: false }) here: Timeline = timelineOf([], 0, false);
  @property({ attribute: false }) there: Timeline = timelineOf([], 0, false);
  /** The name of the other file. */
  @property() name = '';

  protected override render(): TemplateResult {
    const t = appStrings();
    const [here, there] = [summaryOf(this.here), summaryOf(this.there)];
    return html`<h2 id="title">${t.comparedWith(this.name)}</h2>
      <session-lanes .timeline=${this.there}></session-lanes>
      <div class="scroll" tabindex="0" role="region" aria-labelledby="title"><table aria-labelledby="title">
        <thead><tr><th scope="col">${t.figure}</th><th scope="col">${t.thisTimeline}</th><th scope="col">${this.name}</th></tr></thead>
        <tbody>${FIGURES.map((figure) => {
          const [one, other] = [valueOf(here, figure), valueOf(there, figure)];
          return html`<tr class=${one === other ? '' : 'differs'}><th scope="row">${t.figures[figure]}</th><td class="numbers">${one}</td><td class="numbers">${other}</td></tr>`;
        })}</tbody>
      </table></div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-compare': SessionCompare;
  }
}
