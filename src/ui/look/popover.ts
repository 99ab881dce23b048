import { css } from 'lit';

/** A popover below the button that opens it. The element sets `position-anchor` and its width. */
export const popoverStyles = css`
  [popover] {
    position-area: block-end span-inline-start; position-try-fallbacks: flip-inline, flip-block;
    inset: auto; margin: .5rem 0; border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_surface);
    color: inherit; box-shadow: var(--_shadow); transition: opacity .15s, translate .15s, display .15s allow-discrete, overlay .15s allow-discrete; opacity: 0; translate: 0 -.25rem;
    &:popover-open { opacity: 1; translate: 0; }
    @starting-style { &:popover-open { opacity: 0; translate: 0 -.25rem; } }
  }
  @supports not (position-area: block-end) { [popover] { inset-block-start: 3.75rem; inset-inline-end: 1rem; } }
`;
