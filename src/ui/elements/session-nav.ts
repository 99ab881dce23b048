import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { unread } from '../base/announcements.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { strings } from '../strings/strings.ts';
import { signedInSession } from '../base/status.ts';

/** The pages of the app, in the order of their links. Each name is the `id` of a part of the document. */
export const PAGES = ['home', 'messages', 'timeline', 'tryIt'] as const;
export type PageName = (typeof PAGES)[number];

const ICON: Readonly<Record<PageName, string>> = {
  home: 'M3 9.5 10 4l7 5.500V17h-4.500v-4.500h-5V17H3z',
  messages: 'M3 4h14v10H9l-4 3.500V14H3z',
  timeline: 'M3 5h8M6 10h11M3 15h6m3 0h3',
  tryIt: 'M6 3.500 16 10 6 16.500z',
};

/**
 * Links to the pages of the app. In a narrow window they are a bar at the bottom.
 *
 * @csspart bar - the surface around the links
 *
 * @example <session-nav current="home"></session-nav>
 */
@customElement('session-nav')
export class SessionNav extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      nav { display: flex; gap: .25rem; }
      a {
        display: inline-flex; align-items: center; gap: .5rem; min-block-size: 2.25rem; padding: .25rem .75rem; border-radius: 2rem;
        color: var(--_soft); text-decoration: none; font-size: .9375rem; font-weight: 500; white-space: nowrap; transition: color var(--_ease), background var(--_ease);
        &:hover { color: var(--_ink); }
        &[aria-current=page] { color: var(--_ink); background: var(--_sunken); }
      }
      svg { display: none; fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linejoin: round; stroke-linecap: round; }
      .count { min-inline-size: 1.25rem; padding-inline: .3125rem; border-radius: 1rem; background: var(--_accent); color: var(--_on-accent); font-size: .75rem; line-height: 1.25rem; text-align: center; }
      @media (forced-colors: active) { a[aria-current=page] { outline: 1px solid LinkText; outline-offset: -2px; } }
      @media (width < 48rem) {
        nav {
          position: fixed; inset-inline: 0; inset-block-end: 0; z-index: 2; gap: 0; padding: .25rem .25rem max(.25rem, env(safe-area-inset-bottom));
          background: color-mix(in oklch, var(--_surface) 92%, transparent); backdrop-filter: blur(12px); border-block-start: 1px solid var(--_line);
        }
        a { flex: 1 1 0; min-inline-size: 0; flex-direction: column; justify-content: center; gap: .125rem; padding: .375rem .125rem; border-radius: .75rem; font-size: .6875rem; position: relative; }
        a[aria-current=page] { background: none; color: var(--_accent); }
        svg { display: block; inline-size: 1.375rem; block-size: 1.375rem; }
        .count { position: absolute; inset-block-start: .125rem; inset-inline-start: calc(50% + .375rem); }
      }
    `,
  ];

  /** The page on screen. */
  @property() current: PageName = 'home';

  constructor() {
    super();
    unread.renderOnChange(this);
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.snapshot || !signedInSession(this.snapshot.session)) return nothing;
    const t = strings();
    return html`<nav part="bar" aria-label=${t.pages}>${PAGES.map(
      (page) => html`<a href="#${page}" aria-current=${page === this.current ? 'page' : 'false'}>
        <svg viewBox="0 0 20 20" aria-hidden="true"><path d=${ICON[page]} /></svg>${t[page]}${
          page === 'messages' && unread.value > 0
            ? html`<span class="count numbers" aria-label=${t.unread(unread.value)} role="img">${unread.value}</span>`
            : nothing
        }</a>`,
    )}</nav>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-nav': SessionNav;
  }
}
