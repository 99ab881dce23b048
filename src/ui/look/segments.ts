import { css } from 'lit';

/** A group of radio buttons that looks like one control with segments: `<fieldset class="segments">`. */
export const segmentStyles = css`
  .segments { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: .25rem; padding: .25rem; border-radius: var(--_radius); background: var(--_sunken); min-inline-size: 0;
    label { position: relative; display: grid; place-items: center; min-block-size: 2rem; padding: .25rem .625rem; border: 1px solid transparent; border-radius: calc(var(--_radius) - .25rem); text-align: center; cursor: pointer; color: var(--_soft); transition: background var(--_ease); }
    label:hover { color: var(--_ink); }
    label:has(:checked) { background: var(--_surface); border-color: var(--_line); color: var(--_ink); }
    label:has(:focus-visible) { outline: 2px solid var(--_accent); outline-offset: 1px; }
    input { position: absolute; inset: 0; min-block-size: 0 !important; block-size: 100%; opacity: 0; cursor: pointer; } }
  @media (pointer: coarse) { .segments label { min-block-size: 2.75rem; } }
  @media (forced-colors: active) { .segments label:has(:checked) { background: SelectedItem; color: SelectedItemText; forced-color-adjust: none; } }
`;
