import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { property } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import { unread } from '../base/announcements.ts';
import { icon, ICONS } from '../look/icons.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { frameStrings } from '../strings/frame-strings.ts';
import { signedInSession } from '../base/status.ts';

/** The pages with a link in the bar, in its order. Each name is the `id` of a part of the document. */
const LINKED = ['home', 'messages', 'timeline', 'lab', 'tryIt'] as const;
/** All pages of the app. `missing`: the address names no page. */
export const PAGES = [...LINKED, 'settings', 'missing'] as const;
export type PageName = (typeof PAGES)[number];

const ICON: Readonly<Record<(typeof LINKED)[number], string>> = {
  home: ICONS.home,
  messages: ICONS.messages,
  timeline: ICONS.timeline,
  lab: ICONS.bolt,
  tryIt: ICONS.play,
};

/**
 * Links to the pages of the app: in the header, at the bottom of a narrow window, and beside the page in a wide one. The
 * attribute `active` says that they are shown, so that the document can leave room.
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
      nav { display: flex; gap: .125rem; }
      a {
        display: inline-flex; align-items: center; gap: .5rem; min-block-size: 2rem; padding: .25rem .625rem; border-radius: .5rem;
        color: var(--_soft); text-decoration: none; font-size: .875rem; font-weight: 500; white-space: nowrap; transition: color var(--_ease), background var(--_ease);
        &:hover { color: var(--_ink); background: var(--_sunken); }
        &[aria-current=page] { color: var(--_ink); background: var(--_sunken); }
      }
      .icon { display: none; }
      .count { min-inline-size: 1.25rem; padding-inline: .3125rem; border-radius: 1rem; background: var(--_accent); color: var(--_on-accent); font-size: .75rem; line-height: 1.25rem; text-align: center; }
      @media (pointer: coarse) { a { min-block-size: 2.75rem; } }
      @media (forced-colors: active) { a[aria-current=page] { outline: 1px solid LinkText; outline-offset: -2px; } }
      @media (width < 48rem) {
        nav {
          position: fixed; inset-inline: 0; inset-block-end: 0; z-index: 2; gap: 0; padding: .25rem .25rem max(.25rem, env(safe-area-inset-bottom));
          background: color-mix(in oklch, var(--_surface) 92%, transparent); backdrop-filter: blur(12px); border-block-start: 1px solid var(--_line);
        }
        a { flex: 1 1 0; min-inline-size: 0; min-block-size: 3rem; flex-direction: column; justify-content: center; gap: .125rem; padding: .25rem 0; font-size: .6875rem; position: relative; }
        a[aria-current=page] { background: none; color: var(--_accent); }
        .icon { display: block; inline-size: 1.25rem; block-size: 1.25rem; }
        .count { position: absolute; inset-block-start: .125rem; inset-inline-start: calc(50% + .375rem); }
      }
      @media (width >= 100rem) {
        nav { position: fixed; inset-block: var(--_header, 3.5rem) 0; inset-inline-start: 0; inline-size: 14rem; flex-direction: column; padding: 1rem .75rem; border-inline-end: 1px solid var(--_line); }
        a { gap: .75rem; }
        .icon { display: block; }
        .count { margin-inline-start: auto; }
      }
    `,
  ];

  /** The page on screen. */
  @property() current: PageName = 'home';

  constructor() {
    super();
    unread.renderOnChange(this);
  }

  get #isShown(): boolean {
    return signedInSession(this.snapshot?.session) !== undefined;
  }

  protected override updated(_changed: PropertyValues): void {
    this.toggleAttribute('active', this.#isShown);
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.#isShown) return nothing;
    const t = frameStrings();
    return html`<nav part="bar" aria-label=${t.pages}>${LINKED.map(
      (page) => html`<a href="#${page}" aria-current=${page === this.current ? 'page' : 'false'}>
        ${icon(ICON[page])}${t[page]}${
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
