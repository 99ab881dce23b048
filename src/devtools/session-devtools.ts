import { css, html, nothing, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import type { Keeper } from '../page/types/types.ts';
import type { Problem } from '../protocol/problem.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import { customElement } from '../ui/base/custom-element.ts';
import { KeeperElement } from '../ui/base/keeper-element.ts';
import '../ui/elements/session-sockets.ts';
import '../ui/elements/session-timeline.ts';
import { watchPageErrors, type PageError } from './page-errors.ts';
import { PAGE_FAULTS, type PageFault } from './page-faults.ts';

const TABS = ['Session', 'Sockets', 'Timeline', 'Errors', 'Faults'] as const;
type TabName = (typeof TABS)[number];

const DOT: Readonly<Record<Snapshot['session']['state'], 'good' | 'warn' | 'bad' | ''>> = {
  starting: '',
  active: 'good',
  refreshing: 'good',
  degraded: 'warn',
  'sign-in-required': 'warn',
  'signed-out': 'bad',
};

const time = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toLocaleTimeString();

/** The code is what to look for in docs/reference/troubleshooting.md. */
const problemText = (problem: Problem): string =>
  Object.entries(problem)
    .map(([name, value]) => (name === 'code' ? String(value) : `${name}=${String(value)}`))
    .join(' ');

type Fact = readonly [name: string, value: string | number | undefined];

const factsOf = (snapshot: Snapshot): readonly Fact[] => {
  const { session, worker, kept } = snapshot;
  const signedIn = session.state === 'signed-out' || session.state === 'starting' ? undefined : session;
  return [
    ['state', session.state],
    ['reason', session.state === 'signed-out' ? session.reason : undefined],
    ['user', signedIn?.user?.sub],
    ['sign-in kind', signedIn?.kind],
    ['access token until', time(signedIn?.accessExpiresAt)],
    ['proven by whoami at', time(signedIn?.verifiedAt)],
    ['next try at', 'nextTryAt' in session ? time(session.nextTryAt) : undefined],
    ['tier', snapshot.tier],
    ['kept on', snapshot.durability],
    ['runs in', worker.host],
    ['worker', `${worker.id.slice(0, 8)}, since ${time(worker.startedAt)}`],
    ['tabs', snapshot.tabs],
    ['network', snapshot.online ? 'online' : 'offline'],
    ['kept through', `${kept.reloads} reloads, ${kept.workerRestarts} worker restarts, ${kept.networkLosses} losses`],
  ];
};

/**
 * The panel of `mountDevtools`. It is for developers, so its texts are in English only.
 *
 * @example document.body.append(document.createElement('session-devtools'))
 */
@customElement('session-devtools')
export class SessionDevtools extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      :host { position: fixed; inset-block-end: 1rem; inset-inline-end: 1rem; z-index: 2147483000; font-size: .875rem; color-scheme: light dark; }
      .toggle { display: flex; gap: .5rem; align-items: center; margin-inline-start: auto; box-shadow: var(--_shadow); }
      .panel { inline-size: min(44rem, 100vw - 2rem); max-block-size: min(34rem, 100vh - 6rem); overflow: auto; margin-block-end: .5rem; padding: 1rem; border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_canvas); box-shadow: var(--_shadow); }
      .tabs { display: flex; flex-wrap: wrap; gap: .25rem; margin-block-end: .75rem; }
      .tabs button { min-block-size: 2.25rem; padding: .25rem .75rem; }
      .tabs [aria-selected='true'] { background: var(--_accent); color: var(--_on-accent); border-color: var(--_accent); }
      dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1rem; }
      dt { color: var(--_soft); }
      dd { overflow-wrap: anywhere; }
      li { padding-block: .375rem; overflow-wrap: anywhere; }
      li + li { border-block-start: 1px solid var(--_line); }
      .fault { display: flex; gap: 1rem; align-items: center; }
      .problem { margin-block-start: .75rem; color: var(--_bad); overflow-wrap: anywhere; }
    `,
  ];

  @state() private open = false;
  @state() private tab: TabName = 'Session';
  @state() private errors: readonly PageError[] = [];
  #left = new AbortController();

  override connectedCallback(): void {
    super.connectedCallback();
    this.#left = new AbortController();
    watchPageErrors(this.#left.signal, (errors) => {
      this.errors = errors;
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#left.abort();
  }

  protected override render(): TemplateResult {
    const { snapshot, open, errors } = this;
    const state = snapshot?.session.state ?? 'starting';
    return html`
      ${open && snapshot ? this.#panel(snapshot) : nothing}
      <button class="toggle" aria-expanded=${open ? 'true' : 'false'} @click=${this.#toggle}>
        <span class="dot ${DOT[state]}"></span>
        Session Keeper: ${state}${errors.length > 0 ? html`, ${errors.length} errors` : nothing}
      </button>
    `;
  }

  #toggle(): void {
    this.open = !this.open;
  }

  #panel(snapshot: Snapshot): TemplateResult {
    return html`<section class="panel" aria-label="Session Keeper devtools">
      <div class="tabs" role="tablist">${TABS.map(
        (name) =>
          html`<button role="tab" aria-selected=${name === this.tab ? 'true' : 'false'} @click=${() => {
            this.tab = name;
          }}>${name}</button>`,
      )}</div>
      <div role="tabpanel" aria-label=${this.tab}>${this.#content(snapshot)}</div>
    </section>`;
  }

  #content(snapshot: Snapshot): TemplateResult {
    switch (this.tab) {
      case 'Session':
        return this.#session(snapshot);
      case 'Sockets':
        return Object.keys(snapshot.sockets).length === 0
          ? html`<p>This configuration has no sockets.</p>`
          : html`<session-sockets .keeper=${this.keeper}></session-sockets>`;
      case 'Timeline':
        return html`<session-timeline .keeper=${this.keeper}></session-timeline>`;
      case 'Errors':
        return this.#errorList();
      case 'Faults':
        return html`<p class="soft">The session must survive each of these.</p>
          <ul>${PAGE_FAULTS.map((fault) => this.#fault(fault))}</ul>`;
    }
  }

  #session(snapshot: Snapshot): TemplateResult {
    const { session } = snapshot;
    const problem = 'problem' in session ? session.problem : undefined;
    return html`<dl>${factsOf(snapshot).map(([name, value]) =>
      value === undefined ? nothing : html`<dt>${name}</dt><dd>${value}</dd>`,
    )}</dl>
    ${problem ? html`<p class="problem" role="status">${problemText(problem)}</p>` : nothing}`;
  }

  #errorList(): TemplateResult {
    if (this.errors.length === 0) return html`<p>No error since this panel was mounted.</p>`;
    return html`<ul>${this.errors.map(({ at, text }) => html`<li><code>${time(at)} ${text}</code></li>`)}</ul>`;
  }

  #fault(fault: PageFault): TemplateResult {
    return html`<li class="fault">
      <button @click=${() => this.keeper && void fault.run(this.keeper)}>${fault.name}</button>
      <span class="soft">${fault.hint}</span>
    </li>`;
  }
}

/** Adds the panel to the page until the signal aborts. One page has one panel. */
export const showPanel = (keeper: Keeper, signal: AbortSignal): void => {
  if (signal.aborted || document.querySelector('session-devtools')) return;
  const panel = document.createElement('session-devtools');
  panel.keeper = keeper;
  document.body.append(panel);
  signal.addEventListener('abort', () => panel.remove());
};

declare global {
  interface HTMLElementTagNameMap {
    'session-devtools': SessionDevtools;
  }
}
