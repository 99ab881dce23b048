import { css } from 'lit';

/**
 * The custom properties of the theme. Each `--_name` reads a public `--keeper-name` first, so a site themes all elements
 * with, for example, `:root { --keeper-accent: crimson }`. Light and dark follow the page's `color-scheme`.
 */
export const theme = css`
  :host, :root {
    --_canvas: var(--keeper-canvas, light-dark(oklch(98.6% .002 270), oklch(16.5% .008 270)));
    --_surface: var(--keeper-surface, light-dark(#fff, oklch(20% .01 270)));
    --_sunken: var(--keeper-sunken, light-dark(oklch(96.2% .004 270), oklch(24.5% .012 270)));
    --_line: var(--keeper-line, light-dark(oklch(91.5% .005 270), oklch(29% .013 270)));
    --_edge: var(--keeper-edge, light-dark(oklch(63% .012 270), oklch(54% .018 270)));
    --_ink: var(--keeper-ink, light-dark(oklch(25% .02 270), oklch(94% .006 270)));
    --_soft: var(--keeper-soft, light-dark(oklch(48% .018 270), oklch(73% .014 270)));
    --_accent: var(--keeper-accent, light-dark(oklch(47% .16 272), oklch(77% .115 272)));
    --_on-accent: var(--keeper-on-accent, light-dark(#fff, oklch(19% .05 272)));
    --_good: var(--keeper-good, light-dark(oklch(58% .13 158), oklch(77% .14 158)));
    --_warn: var(--keeper-warn, light-dark(oklch(67% .15 68), oklch(81% .13 82)));
    --_bad: var(--keeper-bad, light-dark(oklch(52% .18 26), oklch(75% .13 24)));
    --_font: var(--keeper-font, ui-sans-serif, system-ui, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif);
    --_mono: var(--keeper-mono, ui-monospace, 'SF Mono', 'Cascadia Code', Menlo, 'DejaVu Sans Mono', monospace);
    --_radius: var(--keeper-radius, .75rem);
    --_shadow: 0 .75rem 2.5rem light-dark(oklch(25% .02 270 / .14), oklch(0% 0 0 / .5));
    /* the scale of type: label, small, text, lead, title, page */
    --_t-label: .75rem; --_t-small: .8125rem; --_t-text: .9375rem; --_t-lead: 1.125rem; --_t-title: 1.5rem;
    --_ease: .18s cubic-bezier(.2, 0, 0, 1);
  }
`;

/** Shared by all elements: type, buttons, fields, focus rings. */
export const baseStyles = css`
  :host { display: block; color: var(--_ink); font: 400 1rem/1.5 var(--_font); text-align: start; }
  :host([hidden]), [hidden] { display: none !important; }
  *, ::before, ::after { box-sizing: border-box; }
  h1, h2, p, ul, ol, dl, dd, fieldset { margin: 0; padding: 0; border: 0; }
  ul, ol { list-style: none; }
  h1 { font-size: var(--_t-title); font-weight: 600; letter-spacing: -.02em; line-height: 1.25; text-wrap: balance; }
  h2 { font-size: 1rem; font-weight: 600; line-height: 1.4; }
  p { text-wrap: pretty; }
  code, pre { font: .8125rem/1.5 var(--_mono); overflow-wrap: anywhere; }
  .soft { color: var(--_soft); }
  .small { font-size: .875rem; }
  .icon { flex: none; inline-size: 1.125rem; block-size: 1.125rem; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; }
  .sentence { display: inline-block; }
  .sentence::first-letter { text-transform: uppercase; }
  .numbers { font-variant-numeric: tabular-nums; }
  .row { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; }
  .stack { display: grid; gap: 1rem; min-inline-size: 0; }
  .unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

  button, input, select, .button {
    font: inherit; color: inherit; min-block-size: 2.5rem; border-radius: calc(var(--_radius) - .25rem);
    border: 1px solid var(--_line); background: var(--_surface); padding: .4375rem 1rem;
  }
  .button { display: inline-flex; align-items: center; justify-content: center; text-decoration: none; }
  button, .button {
    cursor: pointer; font-weight: 500; text-wrap: balance; transition: background var(--_ease), border-color var(--_ease);
    &:hover { border-color: var(--_edge); background: var(--_sunken); }
    &:active { background: var(--_line); }
    &[aria-disabled=true] { cursor: progress; opacity: .65; }
  }
  .primary {
    background: var(--_accent); border-color: transparent; color: var(--_on-accent);
    &:hover { background: color-mix(in oklch, var(--_accent) 88%, var(--_ink)); border-color: transparent; }
    &:active { background: color-mix(in oklch, var(--_accent) 78%, var(--_ink)); }
  }
  input { inline-size: 100%; border-color: var(--_edge); }
  select { font-size: .875rem; padding-inline: .625rem; cursor: pointer; &:hover { border-color: var(--_edge); } }
  label { display: grid; gap: .375rem; font-size: .875rem; font-weight: 500; }
  label input { font-size: 1rem; font-weight: 400; }
  :focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
  [role=alert]:empty { position: absolute; }
  [role=alert]:not(:empty) {
    padding: .625rem .875rem; border-radius: calc(var(--_radius) - .25rem); border-inline-start: 3px solid var(--_bad);
    background: color-mix(in oklch, var(--_bad) 9%, var(--_surface)); font-size: .9375rem;
  }
  .dot { flex: none; display: inline-block; inline-size: .5625rem; block-size: .5625rem; border-radius: 50%; background: var(--_edge);
    &.good { background: var(--_good); }
    &.warn { background: var(--_warn); }
    &.bad { background: var(--_bad); }
  }
  @media (pointer: coarse) { button, .button, input, select, summary { min-block-size: 2.75rem !important; } button, .button, select, summary { min-inline-size: 2.75rem !important; } }
  @media (forced-colors: active) { .dot { forced-color-adjust: none; } .primary { border-color: ButtonText; } }
  @media (prefers-reduced-motion: reduce) { *, ::before, ::after { transition: none !important; animation-duration: 0s !important; } }
`;

/** A plain surface for a group of facts. */
export const cardStyles = css`
  .card {
    background: var(--_surface); border: 1px solid var(--_line); border-radius: var(--_radius);
    padding: 1.25rem; min-inline-size: 0;
  }
`;
