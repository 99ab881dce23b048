import { css } from 'lit';

/** The styles of `<session-messages>`: channels beside the conversation, or above it in a narrow container. */
export const messagesStyles = css`
  :host { container-type: inline-size; }
  .layout { display: grid; grid-template-columns: 12rem minmax(0, 1fr); padding: 0; overflow: clip; }
  .channels { display: grid; gap: .125rem; align-content: start; padding: .75rem; border-inline-end: 1px solid var(--_line); background: color-mix(in oklch, var(--_sunken) 50%, var(--_surface)); }
  .channels ul { display: grid; gap: .125rem; }
  .channel { display: flex; inline-size: 100%; justify-content: space-between; align-items: center; gap: .5rem; border: 0; background: none; text-align: start; min-block-size: 2.25rem; padding: .25rem .625rem; overflow-wrap: anywhere;
    &::before { content: '#'; color: var(--_soft); margin-inline-end: -.125rem; }
    span:first-of-type { flex: 1; min-inline-size: 0; }
    &[aria-pressed=true] { background: var(--_surface); box-shadow: 0 0 0 1px var(--_line); } }
  .count { min-inline-size: 1.25rem; padding-inline: .3125rem; border-radius: 1rem; background: var(--_accent); color: var(--_on-accent); font-size: .75rem; line-height: 1.25rem; text-align: center; }
  .more { margin-block-start: .5rem; font-size: .875rem; }
  .more summary { display: flex; gap: .5rem; align-items: center; min-block-size: 2.25rem; cursor: pointer; padding: .25rem .625rem; color: var(--_soft); border-radius: .375rem;
    &::-webkit-details-marker { display: none; }
    &::before { content: '+'; font-size: 1.125rem; line-height: 1; }
    &:hover { color: var(--_ink); } }
  .more form { display: grid; gap: .5rem; padding: .25rem .625rem .5rem; }
  .here { box-sizing: border-box; min-block-size: calc(2lh + .75rem); padding: .375rem .625rem; overflow-wrap: anywhere;
    li::before { content: '●' / ''; color: var(--_good); font-size: .625rem; margin-inline-end: .375rem; vertical-align: .125em; } }
  .conversation { display: grid; grid-template-rows: minmax(16rem, 52dvb) auto; min-inline-size: 0; }
  .list { display: flex; flex-direction: column; gap: .625rem; overflow-y: auto; overscroll-behavior: contain; padding: 1.25rem; }
  .list:focus-visible { outline-offset: -2px; }
  .list > :first-child { margin-block-start: auto; }
  .empty { margin: auto; color: var(--_soft); font-size: .9375rem; text-align: center; text-wrap: balance; }
  .message { display: grid; gap: .1875rem; inline-size: fit-content; max-inline-size: min(36rem, 88%); }
  .text { justify-self: start; padding: .5rem .875rem; border-radius: 1.125rem; border-end-start-radius: .375rem; background: var(--_sunken); overflow-wrap: anywhere; white-space: pre-wrap; unicode-bidi: plaintext; }
  .own { align-self: end; justify-items: end; }
  .own .text { justify-self: end; background: var(--_accent); color: var(--_on-accent); border-end-start-radius: 1.125rem; border-end-end-radius: .375rem; }
  .own .meta { justify-content: end; }
  .own.failed .text { background: none; color: inherit; border: 1px solid var(--_bad); }
  .own.queued .text { background: color-mix(in oklch, var(--_accent) 14%, var(--_surface)); color: var(--_ink); outline: 1px dashed var(--_accent); outline-offset: -1px; }
  .meta { display: flex; flex-wrap: wrap; gap: .125rem .5rem; align-items: baseline; padding-inline: .375rem; font-size: .75rem; color: var(--_soft); }
  .meta button { min-block-size: 1.5rem; padding: 0 .5rem; font-size: .75rem; }
  .gap { align-self: center; font-size: .8125rem; color: var(--_soft); text-align: center; }
  .composer { display: grid; gap: .5rem; padding: 1rem 1.25rem; border-block-start: 1px solid var(--_line); }
  .composer form { display: flex; gap: .5rem; align-items: end; }
  .composer label { flex: 1; min-inline-size: 0; }
  @media (forced-colors: active) { .text { border: 1px solid CanvasText; } .channel[aria-pressed=true] { outline: 2px solid Highlight; } }
  @container (inline-size < 38rem) {
    .layout { grid-template-columns: minmax(0, 1fr); }
    .channels { display: flex; flex-wrap: wrap; padding: .5rem; border-inline-end: 0; border-block-end: 1px solid var(--_line); }
    .channels ul { display: flex; flex-wrap: wrap; }
    .here { flex: 1 0 100%; display: flex; flex-wrap: wrap; column-gap: .75rem; min-block-size: calc(1lh + .75rem); }
    .channel { inline-size: auto; }
    .more { margin: 0; }
    .more[open] { inline-size: 100%; }
    .conversation { grid-template-rows: minmax(9rem, calc(100dvb - 32rem)) auto; }
    .list, .composer { padding: .75rem; }
  }
`;
