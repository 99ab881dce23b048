import { css, html, svg, type TemplateResult } from 'lit';
import { appStrings } from '../strings/app-strings.ts';
import type { Tone } from '../timeline/model.ts';

export const legendStyles = css`
  .legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding-block: .5rem .75rem; font-size: .75rem; color: var(--_soft); }
  .legend li { display: inline-flex; align-items: center; gap: .375rem; }
  .legend svg { flex: none; inline-size: 1.5rem; block-size: 1rem; fill: currentColor; }
`;

const bar = (height: number): TemplateResult =>
  svg`<rect x="1" y=${8 - height / 2} width="22" height=${height} rx="2" />`;

/** As `paint` draws them: a tone never shows by colour alone. */
const KEYS: readonly (readonly [tone: Tone, drawing: TemplateResult])[] = [
  ['good', bar(11)],
  ['busy', bar(7)],
  ['warn', svg`${bar(14)}<path class="c-surface" d="M3 15 15 1M11 15 23 1" stroke="currentColor" stroke-width="2" />`],
  ['bad', bar(14)],
  ['idle', bar(3)],
];

const key = (tone: Tone, drawing: TemplateResult, text: string): TemplateResult =>
  html`<li><svg class="c-${tone}" viewBox="0 0 24 16" aria-hidden="true">${drawing}</svg>${text}</li>`;

/** What the bars and marks of the lanes mean. */
export const legend = (): TemplateResult => {
  const t = appStrings();
  return html`<ul class="legend" aria-label=${t.legend}>
    ${KEYS.map(([tone, drawing]) => key(tone, drawing, t.tones[tone]))}
    ${key('good', svg`<circle cx="12" cy="8" r="4" />`, t.markEvent)}
    ${key('warn', svg`<path d="m12 1 6 12H6z" />`, t.markTrouble)}
    ${key('good', svg`<path d="M4 8h4v7H4zM10 4h4v11h-4zM16 6h4v9h-4z" /><path class="c-bad" d="M10 1h4v4h-4z" />`, t.markMany)}
  </ul>`;
};
