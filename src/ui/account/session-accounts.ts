import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import type { NamedSession } from '../../protocol/bridge/calls.ts';
import type { Result } from '../../protocol/problem.ts';
import { announce, unreadBySession } from '../base/announcements.ts';
import { customElement } from '../base/custom-element.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { icon } from '../look/icons.ts';
import { MORE_ICONS } from '../look/more-icons.ts';
import { appStrings, loadAppStrings } from '../strings/app-strings.ts';
import { frameStrings, labelFor } from '../strings/frame-strings.ts';
import { loadStrings, strings } from '../strings/strings.ts';
import { problemText } from '../text/problem-text.ts';
import { accountsOf, nextName, numberOf, withoutEnded, type ListedAccount } from './account-list.ts';
import { initials } from './initials.ts';

await Promise.all([loadAppStrings(), loadStrings()]);

type Action = { state: 'idle' } | { state: 'busy'; name: string } | { state: 'failed'; text: string };

/**
 * The accounts of this site in this browser, where the configuration has `sessions`: who is signed in, a switch in all tabs
 * at once, another account, and the sign-out of one or of all. It is empty where there is one session only.
 *
 * @csspart list - the list of accounts
 * @fires session-switched - this tab is about to show another session
 * @fires session-left - the user has signed out of the account that this tab shows, or of all of them
 *
 * @example <session-accounts></session-accounts>
 */
@customElement('session-accounts')
export class SessionAccounts extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      h2 { padding: .375rem .625rem .25rem; font-size: var(--_t-small); font-weight: 500; color: var(--_soft); }
      li { display: flex; gap: .25rem; align-items: center; }
      .who { flex: 1; min-inline-size: 0; display: grid; grid-template-columns: auto 1fr auto; gap: .125rem .625rem; align-items: center; min-block-size: 2.75rem; padding: .25rem .625rem; border: 0; border-radius: .5rem; background: none; text-align: start; }
      .face { display: grid; place-items: center; inline-size: 2rem; block-size: 2rem; border-radius: 50%; background: color-mix(in oklch, var(--_accent) 16%, var(--_surface)); color: color-mix(in oklch, var(--_accent) 72%, var(--_ink)); font-size: .75rem; font-weight: 600; }
      .text { display: grid; min-inline-size: 0; overflow-wrap: anywhere; font-size: .875rem; line-height: 1.3; }
      .text small { font-size: .75rem; color: var(--_soft); font-weight: 400; }
      .here { background: var(--_sunken); }
      .here strong { font-weight: 600; }
      .count { min-inline-size: 1.25rem; padding-inline: .375rem; border-radius: 1rem; background: var(--_accent); color: var(--_on-accent); font-size: .75rem; line-height: 1.25rem; text-align: center; }
      .out { flex: none; display: grid; place-items: center; inline-size: 2.5rem; min-block-size: 2.5rem; padding: 0; border: 0; background: none; color: var(--_soft); }
      .item { display: flex; justify-content: start; gap: .625rem; align-items: center; inline-size: 100%; min-block-size: 2.25rem; padding: .25rem .625rem; border: 0; border-radius: .5rem; background: none; font-size: .875rem; text-align: start; }
      .item .icon { color: var(--_soft); }
      .note { padding: .25rem .625rem; }
    `,
  ];

  @state() private sessions: readonly NamedSession[] = [];
  @state() private action: Action = { state: 'idle' };
  /** The session and its state for which the list was loaded. */
  #loadedFor = '';
  /** The session to which the person has switched, until its row is the one of this tab. */
  #awaited: string | undefined;

  constructor() {
    super();
    unreadBySession.renderOnChange(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#again);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#again);
  }

  /** Another tab may have signed in or out meanwhile. */
  readonly #again = (): void => {
    if (!document.hidden) void this.#load();
  };

  protected override updated(_changed: PropertyValues): void {
    const { keeper, snapshot } = this;
    if (!keeper || !snapshot?.severalSessions || snapshot.session.state === 'starting') return;
    this.#followFocus(snapshot.sessionName ?? '');
    const user = 'user' in snapshot.session ? snapshot.session.user?.sub : '';
    const wanted = `${snapshot.sessionName} ${snapshot.session.state} ${user}`;
    if (wanted === this.#loadedFor) return;
    this.#loadedFor = wanted;
    void this.#load();
  }

  async #load(): Promise<void> {
    const found = await this.keeper?.sessions();
    // An older list is better than none.
    if (!found?.ok) return;
    this.sessions = found.value;
    // A tab keeps the count of the session that it shows. The end of another one is seen only here.
    unreadBySession.value = withoutEnded(unreadBySession.value, found.value);
  }

  /** The row of the account that is shown now has no button any more, and the focus went with it. */
  #followFocus(here: string): void {
    if (this.#awaited !== here) return;
    this.#awaited = undefined;
    if (document.activeElement === document.body) this.renderRoot.querySelector<HTMLElement>('.here')?.focus();
  }

  /** One action at a time. Resolves with whether it worked. */
  async #run(name: string, act: () => Promise<Result<unknown>>): Promise<boolean> {
    if (this.action.state === 'busy') return false;
    this.action = { state: 'busy', name };
    const result = await act();
    this.action = result.ok ? { state: 'idle' } : { state: 'failed', text: problemText(result.problem) };
    await this.#load();
    return result.ok;
  }

  async #show(name: string, said: string): Promise<void> {
    const { keeper } = this;
    if (!keeper || this.action.state === 'busy') return;
    this.#awaited = name;
    const isDone = await this.#run(name, () => keeper.showSession(name));
    const { session, sessionName = '' } = keeper.snapshot;
    // A tab that follows knows nothing of the new session at first. A tab with a session of its own goes on with that one.
    const isShown = isDone && (session.state === 'starting' || sessionName === name);
    if (!isShown) this.#awaited = undefined;
    if (!isDone) return;
    announce(isShown ? said : appStrings().tabStays);
    if (isShown) this.#report('session-switched');
  }

  async #signOut(account: ListedAccount | undefined): Promise<void> {
    const { keeper } = this;
    if (!keeper) return;
    const isDone = account
      ? await this.#run(account.name, () => keeper.signOut({ session: account.name }))
      : await this.#run('', () => keeper.signOut({ sessions: 'all' }));
    if (!isDone) return;
    const t = appStrings();
    announce(account ? t.accountLeft(this.#label(account)) : t.allAccountsLeft);
    // The button of the row is gone, and the focus with it.
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('[data-add]')?.focus();
    if (!account || account.isHere) this.#report('session-left');
  }

  #report(type: 'session-switched' | 'session-left'): void {
    this.dispatchEvent(new Event(type, { bubbles: true, composed: true }));
  }

  #label({ name, user }: ListedAccount): string {
    const t = appStrings();
    if (user !== undefined && user !== '') return user;
    if (name === '') return t.firstAccount;
    const number = numberOf(name);
    return number === undefined ? name : t.accountNumber(number);
  }

  protected override render(): TemplateResult {
    const { snapshot } = this;
    if (!snapshot?.severalSessions || this.sessions.length === 0) return html`${nothing}`;
    const t = appStrings();
    const here = snapshot.sessionName ?? '';
    const accounts = accountsOf(this.sessions, here);
    const shown = this.sessions.find((session) => session.shown)?.name ?? here;
    const isBusy = this.action.state === 'busy';
    return html`<section aria-labelledby="title">
      <h2 id="title">${t.accounts}</h2>
      <ul part="list">${accounts.map((account) => html`<li>${this.#row(account)}</li>`)}</ul>
      ${shown === here ? nothing : html`<p class="note soft small">${t.tabStays}</p>`}
      <button class="item" data-add aria-disabled=${isBusy} @click=${() => this.#show(nextName(this.sessions, here), t.accountAdded)}>${icon(MORE_ICONS.plus)}${t.addAccount}</button>
      ${
        accounts.filter(({ user }) => user !== undefined).length > 1
          ? html`<button class="item" aria-disabled=${isBusy} @click=${() => this.#signOut(undefined)}>${icon(MORE_ICONS.leave)}${t.signOutAll}</button>`
          : nothing
      }
      <div role="alert">${this.action.state === 'failed' ? this.action.text : ''}</div>
    </section>`;
  }

  #row(account: ListedAccount): TemplateResult {
    const t = appStrings();
    const label = this.#label(account);
    const { name, user, state: known, isEnded, isHere } = account;
    const isBusy = this.action.state === 'busy';
    const about = isEnded
      ? t.accountEnded
      : isHere && user !== undefined
        ? t.shownHere
        : labelFor(strings().session, known);
    const count = unreadBySession.value.get(name) ?? 0;
    const content = html`<span class="face" aria-hidden="true">${initials(label)}</span>
      <span class="text"><strong>${label}</strong><small>${about}</small></span>
      ${count > 0 ? html`<span class="count numbers" role="img" aria-label=${frameStrings().unread(count)}>${count}</span>` : nothing}`;
    return html`${
      isHere
        ? html`<div class="who here" aria-current="true" tabindex="-1">${content}</div>`
        : html`<button class="who" aria-label=${`${t.switchTo(label)}. ${about}${count > 0 ? `. ${frameStrings().unread(count)}` : ''}`} aria-disabled=${isBusy} @click=${() => this.#show(name, t.accountShown(label))}>${content}</button>`
    }${
      user === undefined
        ? nothing
        : html`<button class="out" aria-label=${t.signOutAccount(label)} title=${t.signOut} aria-disabled=${isBusy} @click=${() => this.#signOut(account)}>${icon(MORE_ICONS.leave)}</button>`
    }`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-accounts': SessionAccounts;
  }
}
