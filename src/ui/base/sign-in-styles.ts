import { css } from 'lit';

/** The look of `<session-sign-in>`; its radio buttons are drawn as one segmented control. */
export const signInStyles = css`
  :host { inline-size: min(25rem, 100%); margin-inline: auto; }
  .card { display: grid; gap: 1.25rem; padding: clamp(1.25rem, 6vw, 2rem); }
  h1, ::slotted([slot=heading]) { font-size: 1.5rem; font-weight: 600; letter-spacing: -.015em; line-height: 1.25; margin: 0; }
  form { display: grid; gap: 1rem; }
  .primary, .wide { inline-size: 100%; min-block-size: 2.75rem; }
  .or { display: grid; grid-template-columns: 1fr auto 1fr; gap: .75rem; align-items: center; color: var(--_soft); font-size: .875rem;
    &::before, &::after { content: ''; border-block-start: 1px solid var(--_line); } }
  fieldset { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: .25rem; padding: .25rem; border-radius: var(--_radius); background: var(--_sunken); min-inline-size: 0;
    label { position: relative; display: block; padding: .375rem .5rem; border: 1px solid transparent; border-radius: calc(var(--_radius) - .25rem); text-align: center; cursor: pointer; color: var(--_soft); transition: background var(--_ease); }
    label:has(:checked) { background: var(--_surface); border-color: var(--_line); color: var(--_ink); }
    label:has(:focus-visible) { outline: 2px solid var(--_accent); outline-offset: 1px; }
    input { position: absolute; inset: 0; min-block-size: 0; block-size: 100%; opacity: 0; cursor: pointer; } }
  @media (forced-colors: active) { fieldset label:has(:checked) { background: SelectedItem; color: SelectedItemText; forced-color-adjust: none; } }
  .hint { font-size: .875rem; text-align: center; text-wrap: balance; color: var(--_soft); }
`;
