import { css, html, type TemplateResult } from 'lit';
import { query, state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import { appearanceChoice } from '../account/appearance-choice.ts';
import { languageChoice } from '../account/language-choice.ts';
import { SignOutController } from '../account/sign-out-controller.ts';
import { announce, unreadBySession } from '../base/announcements.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { clearPreferences, preference, setPreference, type PreferenceName } from '../base/preferences.ts';
import { saveFile } from '../base/save-file.ts';
import { segmentStyles } from '../look/segments.ts';
import { clearConversations } from '../conversation/conversation-store.ts';
import { appStrings, loadAppStrings } from '../strings/app-strings.ts';
import { problemText } from '../text/problem-text.ts';
import { frameStrings } from '../strings/frame-strings.ts';
import { timelineFile } from '../timeline/file.ts';

await loadAppStrings();

/**
 * What a person may choose for this browser, the export of what it knows, and the way to clear it.
 *
 * @csspart card - each group of settings
 *
 * @example <session-settings></session-settings>
 */
@customElement('session-settings')
export class SessionSettings extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    segmentStyles,
    css`
      :host { max-inline-size: 46rem; }
      .card { display: grid; padding-block: .25rem; }
      .line { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; justify-content: space-between; padding-block: .875rem; min-block-size: 3.75rem; }
      .line + .line { border-block-start: 1px solid var(--_line); }
      .line > :is(div, span):first-child { flex: 1 1 16rem; display: grid; gap: .125rem; font-size: .9375rem; font-weight: 500; }
      .line p { font-weight: 400; }
      label.line { flex-wrap: nowrap; cursor: pointer; font-size: .9375rem; }
      select { min-inline-size: 15rem; }
      .segments { min-inline-size: 15rem; font-size: .875rem; }
      @media (width < 30rem) { select, .segments { inline-size: 100%; } }
      input[type=checkbox] { appearance: none; flex: none; inline-size: 2.25rem; min-block-size: 1.25rem !important; block-size: 1.25rem; padding: 0; margin: 0; border-radius: 1rem; border: 1px solid var(--_edge); background: var(--_sunken); cursor: pointer; position: relative; transition: background var(--_ease);
        &::before { content: ''; position: absolute; inset-block-start: 1px; inset-inline-start: 1px; inline-size: 1rem; block-size: 1rem; border-radius: 50%; background: var(--_edge); transition: translate var(--_ease); }
        &:checked { background: var(--_accent); border-color: var(--_accent); }
        &:checked::before { translate: 1rem; background: var(--_on-accent); }
        &:disabled { opacity: .5; cursor: default; } }
      :host(:dir(rtl)) input[type=checkbox]:checked::before { translate: -1rem; }
      .danger { color: var(--_bad); }
      dialog { inline-size: min(26rem, 100vw - 2rem); padding: 1.5rem; border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_surface); color: inherit; box-shadow: var(--_shadow); }
      dialog::backdrop { background: color-mix(in oklch, var(--_canvas) 60%, transparent); }
      dialog .row { justify-content: end; }
      @media (forced-colors: active) { input[type=checkbox] { appearance: auto; } }
    `,
  ];

  @state() private trouble = '';
  @query('dialog') private readonly dialog!: HTMLDialogElement;
  readonly #leaving = new SignOutController(this, () => this.keeper);

  async #export(): Promise<void> {
    const { snapshot } = this;
    const journal = await this.keeper?.journal();
    if (!snapshot || !journal) return;
    this.trouble = journal.ok ? '' : problemText(journal.problem);
    if (!journal.ok) return;
    saveFile('session-timeline.json', JSON.stringify(timelineFile(journal.value, snapshot, Date.now()), null, 1));
    announce(appStrings().exported);
  }

  /** All sessions first: what is local goes only once no one is signed in. */
  async #clear(): Promise<void> {
    const signedOut = await this.#leaving.signOut({ sessions: 'all' });
    if (signedOut === 'failed') return;
    clearConversations();
    clearPreferences();
    unreadBySession.value = new Map();
    this.dialog.close();
    // Another navigation would cancel the one to the provider.
    if (signedOut === 'here') location.replace('/');
  }

  async #notify(input: HTMLInputElement): Promise<void> {
    const isWanted = input.checked;
    const granted = isWanted && (await Notification.requestPermission()) === 'granted';
    input.checked = granted;
    setPreference('notifications', granted ? 'on' : '');
    this.trouble = isWanted && !granted ? appStrings().notificationsRefused : '';
  }

  protected override render(): TemplateResult {
    const t = appStrings();
    return html`<section class="stack" aria-labelledby="title">
      <h1 id="title">${frameStrings().settings}</h1>
      <div class="card" part="card">
        <div class="line"><div>${t.appearance}</div>${appearanceChoice(this)}</div>
        <div class="line"><div>${t.language}</div>${languageChoice()}</div>
        ${this.#switch('shortcuts', t.shortcuts, t.shortcutsDetail, 'off')}
        ${this.#notifications()}
      </div>
      <h2>${t.dataHere}</h2>
      <div class="card" part="card">
        <div class="line"><div>${t.exportData}<p class="soft small">${t.exportDetail}</p></div><button @click=${this.#export}>${t.saveFile}</button></div>
        <div class="line"><div>${t.clearDevice}<p class="soft small">${t.clearDetail}</p></div><button class="danger" @click=${() => this.dialog.showModal()}>${t.clear}</button></div>
      </div>
      <div role="alert">${this.trouble}</div>
      <dialog aria-labelledby="question" .closedBy=${'any'}><div class="stack">
        <h2 id="question">${t.clearQuestion}</h2>
        <p class="soft">${t.clearDetail}</p>
        <div role="alert">${this.#leaving.problem}</div>
        <div class="row"><button @click=${() => this.dialog.close()}>${t.cancel}</button>
          <button class="primary" aria-disabled=${this.#leaving.isBusy} @click=${this.#clear}>${t.signOutAndClear}</button></div>
      </div></dialog>
    </section>`;
  }

  /** `off`: the value of a preference that is on by default. */
  #switch(name: PreferenceName, title: string, detail: string, off: string): TemplateResult {
    return html`<label class="line"><span>${title}<p class="soft small">${detail}</p></span>
      <input type="checkbox" role="switch" .checked=${preference(name) !== off} @change=${(event: Event) => {
        if (event.target instanceof HTMLInputElement) setPreference(name, event.target.checked ? '' : off);
      }} /></label>`;
  }

  #notifications(): TemplateResult {
    const t = appStrings();
    const isSupported = 'Notification' in globalThis;
    const isOn = isSupported && Notification.permission === 'granted' && preference('notifications') === 'on';
    return html`<label class="line"><span>${t.notifications}<p class="soft small">${isSupported ? t.notificationsDetail : t.notificationsMissing}</p></span>
      <input type="checkbox" role="switch" .checked=${isOn} ?disabled=${!isSupported} @change=${(event: Event) => {
        if (event.target instanceof HTMLInputElement) void this.#notify(event.target);
      }} /></label>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-settings': SessionSettings;
  }
}
