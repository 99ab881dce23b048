import { css } from 'lit';
import { heightOf, laneHeight } from './paint.ts';

/** Tabs, worker, session, one socket, requests. Their height is reserved, so that nothing moves when the journal arrives. */
const USUAL_LANES = 5;

/** From this width of the whole on, the names of the lanes are beside them (CSS pixels). */
export const BESIDE_PX = 560;

/** The styles of `<session-lanes>`. Each `.c-` class holds a colour that the canvas reads. */
export const lanesStyles = css`
  :host { container-type: inline-size; }
  .chart { position: relative; display: grid; grid-template-columns: minmax(0, 1fr); }
  .surface { position: relative; direction: ltr; border-radius: calc(var(--_radius) - .25rem); cursor: crosshair; touch-action: pan-y; user-select: none; overflow: clip; min-block-size: ${heightOf(USUAL_LANES, 'above')}px; }
  canvas { display: block; inline-size: 100%; }
  .names { position: absolute; z-index: 1; inset: 1px 0 auto; display: grid; grid-auto-rows: ${laneHeight('above')}px; place-items: start; pointer-events: none; }
  .name { padding-inline: .375rem; border-radius: .25rem; font-size: .75rem; line-height: 1.125rem; color: var(--_soft); max-inline-size: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; background: color-mix(in oklch, var(--_surface) 80%, transparent); }
  @container (width >= ${BESIDE_PX}px) {
    .chart { grid-template-columns: 10rem minmax(0, 1fr); column-gap: .75rem; }
    .surface { min-block-size: ${heightOf(USUAL_LANES, 'beside')}px; }
    .names { position: static; grid-auto-rows: ${laneHeight('beside')}px; align-content: start; align-items: center; pointer-events: auto; }
    .name { font-size: .8125rem; background: none; }
  }
  .evidence { min-block-size: 4.5rem; padding-block-start: .75rem; font-size: .875rem; border-block-start: 1px solid var(--_line); }
  .evidence p { overflow-wrap: anywhere; }
  .evidence .row { margin-block-start: .5rem; gap: .375rem; }
  .tools { gap: .375rem; margin-block-end: .75rem; }
  .row button { min-inline-size: 2.25rem; min-block-size: 2.25rem; padding: .25rem .75rem; font-size: .875rem; }
  i { display: none; }
  .c-good { color: var(--_good); } .c-busy { color: var(--_accent); } .c-warn { color: var(--_warn); } .c-bad { color: var(--_bad); } .c-idle { color: var(--_edge); }
  .c-line { color: var(--_line); } .c-soft { color: var(--_soft); } .c-ink { color: var(--_ink); } .c-accent { color: var(--_accent); } .c-surface { color: var(--_surface); }
`;
