import { css } from 'lit';

/** The styles of `<session-messages>`: channels beside the conversation, or above it in a narrow container. */
export const messagesStyles = css`
  :host { container-type: inline-size; }
  .layout { display: grid; grid-template: minmax(0, 1fr) / 13rem minmax(0, 1fr); padding: 0; overflow: clip; block-size: clamp(22rem, 100dvb - 17rem, 52rem); }
  .channels { display: grid; grid-template-rows: auto minmax(0, 1fr) auto; gap: .5rem; align-content: start; padding: .75rem; }
  .channels ul { grid-row: 2; display: grid; gap: .125rem; align-content: start; overflow-y: auto; overscroll-behavior: contain; margin: -.125rem; padding: .125rem; }
  .channels input[type=search] { grid-row: 1; min-block-size: 2.25rem; padding: .25rem .75rem; font-size: .875rem; }
  .channel { display: flex; inline-size: 100%; justify-content: space-between; align-items: center; gap: .5rem; border: 0; background: none; text-align: start; min-block-size: 2.25rem; padding: .25rem .625rem; overflow-wrap: anywhere;
    &::before { content: '#' / ''; color: var(--_soft); margin-inline-end: -.125rem; }
    span:first-of-type { flex: 1; min-inline-size: 0; }
    &[aria-pressed=true] { background: var(--_surface); box-shadow: 0 0 0 1px var(--_line); } }
  .open-drawer { display: none; align-items: center; gap: .5rem; min-inline-size: 0; overflow-wrap: anywhere; text-align: start; }
  .count { min-inline-size: 1.25rem; padding-inline: .3125rem; border-radius: 1rem; background: var(--_accent); color: var(--_on-accent); font-size: .75rem; line-height: 1.25rem; text-align: center; }
  .more { grid-row: 4; font-size: .875rem; }
  .more summary { display: flex; gap: .5rem; align-items: center; min-block-size: 2.25rem; cursor: pointer; padding: .25rem .625rem; color: var(--_soft); border-radius: .375rem;
    &::-webkit-details-marker { display: none; }
    &::before { content: '+'; font-size: 1.125rem; line-height: 1; }
    &:hover { color: var(--_ink); } }
  .more form { display: grid; gap: .5rem; padding: .25rem .625rem .5rem; }
  .head { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; justify-content: space-between; min-block-size: 3rem; padding: .375rem 1.25rem; border-block-end: 1px solid var(--_line); }
  .head h2 { overflow-wrap: anywhere; &::before { content: '# ' / ''; color: var(--_soft); } }
  .here { display: flex; flex-wrap: wrap; gap: 0 .75rem; min-block-size: 1lh; overflow-wrap: anywhere;
    ul { display: flex; flex-wrap: wrap; gap: 0 .75rem; }
    li::before { content: '●' / ''; color: var(--_good); font-size: .625rem; margin-inline-end: .375rem; vertical-align: .125em; } }
  .conversation { display: grid; grid-template-rows: auto minmax(0, 1fr) auto; min-inline-size: 0; }
  .list { display: flex; flex-direction: column; gap: .1875rem; overflow-y: auto; overscroll-behavior: contain; padding: 1.25rem; }
  .list:focus-visible { outline-offset: -2px; }
  .list > :first-child { margin-block-start: auto; }
  .empty { margin: auto; color: var(--_soft); font-size: .9375rem; text-align: center; text-wrap: balance; }
  .message { display: grid; gap: .1875rem; inline-size: fit-content; max-inline-size: min(36rem, 88%); }
  .starts { margin-block-start: .5rem; }
  .from { padding-inline: .375rem; font-size: .75rem; color: var(--_soft); }
  .text { justify-self: start; padding: .5rem .875rem; border-radius: .375rem 1.125rem 1.125rem .375rem; background: var(--_sunken); overflow-wrap: anywhere; white-space: pre-wrap; unicode-bidi: plaintext; }
  .starts .text { border-start-start-radius: 1.125rem; }
  .ends .text { border-end-start-radius: .375rem; }
  .day { display: flex; gap: .75rem; align-items: center; padding-block: .75rem .25rem; font-size: .75rem; font-weight: 500; color: var(--_soft);
    &::before, &::after { content: ''; flex: 1; border-block-start: 1px solid var(--_line); } }
  .own { align-self: end; justify-items: end; }
  .own .text { justify-self: end; background: var(--_accent); color: var(--_on-accent); border-radius: 1.125rem .375rem .375rem 1.125rem; }
  .own.starts .text { border-start-end-radius: 1.125rem; }
  .own .meta { justify-content: end; }
  .own.failed .text { background: none; color: inherit; border: 1px solid var(--_bad); }
  .own.queued .text { background: color-mix(in oklch, var(--_accent) 14%, var(--_surface)); color: var(--_ink); outline: 1px dashed var(--_accent); outline-offset: -1px; }
  .meta { display: flex; flex-wrap: wrap; gap: .125rem .5rem; align-items: baseline; padding-inline: .375rem; font-size: .75rem; color: var(--_soft); }
  .meta button { min-block-size: 1.5rem; padding: 0 .5rem; font-size: .75rem; }
  .gap { align-self: center; padding-block: .5rem; font-size: .8125rem; color: var(--_soft); text-align: center; }
  .composer { display: grid; gap: .5rem; padding: 1rem 1.25rem; border-block-start: 1px solid var(--_line); }
  .composer form { display: flex; gap: .5rem; align-items: end; }
  .composer label { flex: 1; min-inline-size: 0; }
  @media (forced-colors: active) { .text { border: 1px solid CanvasText; } .channel[aria-pressed=true] { outline: 2px solid Highlight; } }
  /* a popover beside the conversation is no popover */
  @container (inline-size >= 38rem) {
    .channels { position: static; inset: auto; inline-size: auto; block-size: auto; margin: 0; border: 0; border-inline-end: 1px solid var(--_line); background: color-mix(in oklch, var(--_sunken) 50%, var(--_surface)); color: inherit; overflow: clip; }
  }
  @container (inline-size < 38rem) {
    .layout { grid-template-columns: minmax(0, 1fr); block-size: clamp(20rem, 100dvb - 18rem, 52rem); }
    .channels:not(:popover-open) { display: none; }
    .channels { position: fixed; inset: 0 auto 0 0; inline-size: min(20rem, 86vw); block-size: 100dvb; max-block-size: none; margin: 0; border: 0; border-inline-end: 1px solid var(--_line); background: var(--_surface); color: inherit; box-shadow: var(--_shadow); transition: translate var(--_ease), display var(--_ease) allow-discrete, overlay var(--_ease) allow-discrete; translate: -100%;
      &:popover-open { translate: 0; }
      &::backdrop { background: color-mix(in oklch, var(--_canvas) 60%, transparent); }
      @starting-style { &:popover-open { translate: -100%; } } }
    .open-drawer { display: inline-flex; }
    .head { padding-inline: .75rem; h2 { display: none; } }
    .list, .composer { padding: .75rem; }
  }
`;
