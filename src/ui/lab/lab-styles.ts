import { css } from 'lit';

/** The styles of `<session-lab>`. */
export const labStyles = css`
  .head { display: grid; gap: .25rem; p { max-inline-size: 46rem; } }
  .panel { display: grid; padding: 0; overflow: clip; }
  .controls { padding: .75rem 1.25rem; min-block-size: 4rem; }
  .controls .primary { display: inline-flex; align-items: center; gap: .5rem; }
  .end { margin-inline-start: auto; }
  progress { appearance: none; flex: 1 1 8rem; block-size: .375rem; border: 0; border-radius: 1rem; overflow: hidden; background: var(--_sunken); }
  progress::-webkit-progress-bar { background: var(--_sunken); }
  progress::-webkit-progress-value { background: var(--_accent); border-radius: 1rem; transition: inline-size 1s linear; }
  progress::-moz-progress-bar { background: var(--_accent); border-radius: 1rem; }
  .counters { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(10.5rem, 100%), 1fr)); border-block-start: 1px solid var(--_line); }
  .tile { display: grid; align-content: start; padding: .875rem 1.25rem; box-shadow: 1px 1px 0 var(--_line); }
  dt { font-size: var(--_t-small); color: var(--_soft); }
  .tile dd:nth-child(2) { font-size: 1.375rem; font-weight: 600; letter-spacing: -.02em; line-height: 1.3; }
  .tile.bad dd:nth-child(2) { color: var(--_bad); }
  .foot { font-size: var(--_t-label); color: var(--_soft); min-block-size: 1lh; }
  .verdict { padding: .875rem 1.25rem; border-block-start: 1px solid var(--_line); font-size: .9375rem; min-block-size: 3.25rem; color: var(--_soft); transition: background var(--_ease); }
  .verdict.open { color: var(--_ink); }
  .now { flex-basis: 100%; min-block-size: 1lh; }
  .verdict strong { color: var(--_ink); font-weight: 600; }
  .verdict.held { background: color-mix(in oklch, var(--_good) 11%, var(--_surface)); color: var(--_ink); }
  .verdict.broken { background: color-mix(in oklch, var(--_bad) 10%, var(--_surface)); color: var(--_ink); }
  .faults { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(13.5rem, 100%), 1fr)); gap: .625rem; }
  li { display: grid; }
  .fault { display: grid; grid-template-columns: auto 1fr; gap: .125rem .625rem; align-content: start; align-items: center; padding: .75rem .875rem; text-align: start; border-radius: var(--_radius); min-block-size: 5.5rem; }
  .fault .icon { color: var(--_soft); }
  .fault .detail { grid-column: 1 / -1; font-size: var(--_t-small); font-weight: 400; line-height: 1.4; }
  .fault.good .icon, .fault.good .detail { color: color-mix(in oklch, var(--_good) 70%, var(--_ink)); }
  .fault.busy .icon { color: var(--_warn); animation: breathe .8s ease-in-out infinite alternate; }
  .fault.bad .icon, .fault.bad .detail { color: var(--_bad); }
  .fault:disabled { cursor: default; background: none; border-style: dashed; &:hover { border-color: var(--_line); } }
  .fault:disabled .name { color: var(--_soft); }
  @keyframes breathe { to { opacity: .35; } }
  .more { font-size: .875rem; }
  .more summary { cursor: pointer; color: var(--_soft); inline-size: fit-content; border-radius: .25rem; }
  .more ul { display: grid; gap: .5rem; margin-block-start: .75rem; }
  .more li { grid-template-columns: minmax(0, 1fr); gap: .125rem; }
  @container (inline-size < 26rem) { .counters { grid-template-columns: 1fr 1fr; } }
  @media (width < 30rem) { .counters { grid-template-columns: 1fr 1fr; } .tile { padding-inline: 1rem; } .faults { grid-template-columns: minmax(0, 1fr); } .fault { min-block-size: 0; } }
  @media (pointer: coarse) { li:has(.fault:disabled) { display: none; } }
  @media (forced-colors: active) { .verdict { border: 1px solid CanvasText; } progress { border: 1px solid CanvasText; } }
`;
