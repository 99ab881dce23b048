import { css, html, nothing, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import type { SignInIntent } from '../../protocol/bridge/calls.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { SignInKind } from '../../protocol/snapshot.ts';
import { ClockController } from '../base/clock-controller.ts';
import { icon } from '../look/icons.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { preference, setPreference } from '../base/preferences.ts';
import { chosenLanguage } from '../locale/language.ts';
import { segmentStyles } from '../look/segments.ts';
import { labelFor } from '../strings/frame-strings.ts';
import { strings } from '../strings/strings.ts';
import './session-why.ts';
import { problemText, signedOutText } from '../text/problem-text.ts';
import { timeLeft } from '../text/time.ts';

/** The element offers no sign-in of the site's own: only the site knows its fields. */
type FormIntent = Exclude<SignInIntent, { kind: 'custom' | 'import' }>;
type FormKind = Exclude<SignInKind, 'oidc'>;
type Attempt =
  | { state: 'idle' }
  | { state: 'busy'; kind: SignInKind }
  /** The server accepts no further attempt of this kind for `waitMs`, until `retryAt` (ms since the Unix epoch). */
  | { state: 'failed'; kind: SignInKind; problem: Problem; waitMs: number; retryAt: number };

const EYE =
  'M2.500 12C5 7.500 8.200 5.500 12 5.500s7 2 9.500 6.500c-2.500 4.500-5.700 6.500-9.500 6.500S5 16.500 2.500 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6';

type FailedAttempt = Extract<Attempt, { state: 'failed' }>;

const isFormKind = (kind: SignInKind): kind is FormKind => kind !== 'oidc';

const text = (data: FormData, name: string): string => {
  const value = data.get(name);
  return typeof value === 'string' ? value : '';
};

const intentOf = (kind: FormKind, data: FormData): FormIntent =>
  kind === 'password'
    ? { kind, username: text(data, 'username'), password: text(data, 'password') }
    : { kind, apiKey: text(data, 'apiKey') };

/**
 * The sign-in form, with each sign-in method of the deployment. Says why the user is signed out.
 *
 * @slot heading - replaces the heading "Sign in"
 * @slot hint - replaces the line below the forms about how long the user stays signed in
 * @csspart card - the surface
 * @csspart why - the question why, if there is something to explain
 * @fires session-signed-in - a sign-in has succeeded
 *
 * @example <session-sign-in><h1 slot="heading">Welcome to Acme</h1></session-sign-in>
 */
@customElement('session-sign-in')
export class SessionSignIn extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    segmentStyles,
    css`
      :host { inline-size: min(25rem, 100%); margin-inline: auto; }
      .card { display: grid; gap: 1.25rem; padding: clamp(1.25rem, 6vw, 2rem); }
      h1, ::slotted([slot=heading]) { font-size: 1.5rem; font-weight: 600; letter-spacing: -.015em; line-height: 1.25; margin: 0; }
      form { display: grid; gap: 1rem; }
      .primary, .wide { inline-size: 100%; min-block-size: 2.75rem; }
      .or { display: grid; grid-template-columns: 1fr auto 1fr; gap: .75rem; align-items: center; color: var(--_soft); font-size: .875rem;
        &::before, &::after { content: ''; border-block-start: 1px solid var(--_line); } }
      .again { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; align-items: center; font-size: .875rem; overflow-wrap: anywhere; }
      .plain { min-block-size: 1.5rem; padding: 0; border: 0; background: none; color: var(--_accent); font-size: .875rem; font-weight: 500; &:hover { background: none; text-decoration: underline; text-underline-offset: .2em; } }
      .field { display: grid; gap: .375rem; }
      .secret { position: relative; display: block; input { padding-inline-end: 2.75rem; }
        button { position: absolute; inset-block: 0; inset-inline-end: 0; display: grid; place-items: center; inline-size: 2.75rem; padding: 0; border: 0; background: none; color: var(--_soft); &:hover, &[aria-pressed=true] { color: var(--_ink); } } }
      .hint { font-size: .875rem; text-align: center; text-wrap: balance; color: var(--_soft); }
    `,
  ];

  @state() private attempt: Attempt = { state: 'idle' };
  @state() private chosen: FormKind | undefined;
  @state() private isRevealed = false;
  /** The user wants to sign in as someone else than last time. */
  @state() private isOther = false;
  readonly #clock = new ClockController(this);

  async #signIn(intent: FormIntent): Promise<void> {
    if (!this.keeper || this.#isBlocked(intent.kind)) return;
    this.attempt = { state: 'busy', kind: intent.kind };
    const result = await this.keeper.signIn(intent);
    if (result.ok) {
      this.#remember(intent);
      if (result.value.type === 'signed-in') this.#done();
      // on the way back from the provider, the browser may restore this page from the back/forward cache as it was left
      else
        addEventListener(
          'pagehide',
          () => {
            this.#forget();
          },
          { once: true },
        );
      return;
    }
    const { problem } = result;
    const waitMs = (problem.code === 'rate-limited' && problem.retryAfterMs) || 0;
    this.attempt = { state: 'failed', kind: intent.kind, problem, waitMs, retryAt: this.#clock.now + waitMs };
    await this.updateComplete;
    if (problem.code === 'credentials-rejected') this.#retype(intent.kind);
  }

  /** After 429 with `Retry-After`, an earlier attempt would only fail again. */
  #isBlocked(kind: SignInKind): boolean {
    const { attempt } = this;
    return (
      attempt.state === 'busy' ||
      (attempt.state === 'failed' && attempt.kind === kind && this.#clock.now < attempt.retryAt)
    );
  }

  /** For the next sign-in in this browser. The secret is not part of it. */
  #remember(intent: SignInIntent): void {
    setPreference('kind', intent.kind);
    if (intent.kind === 'password') setPreference('name', intent.username);
  }

  #useAnother(): void {
    this.isOther = true;
    setPreference('name', '');
    const field = this.renderRoot.querySelector<HTMLInputElement>('[name=username]');
    if (field) field.value = '';
    field?.focus();
  }

  #done(): void {
    this.#forget();
    this.dispatchEvent(new Event('session-signed-in', { bubbles: true, composed: true }));
  }

  /** Removes the secret from the document after its use. */
  #forget(): void {
    this.attempt = { state: 'idle' };
    this.isRevealed = false;
    this.isOther = false;
    for (const form of this.renderRoot.querySelectorAll('form')) form.reset();
  }

  #retype(kind: SignInKind): void {
    const field = this.renderRoot.querySelector<HTMLInputElement>(`form[data-kind=${kind}] .secret input`);
    field?.focus();
    field?.select();
  }

  #submit(event: SubmitEvent, kind: FormKind): void {
    event.preventDefault();
    if (event.target instanceof HTMLFormElement) void this.#signIn(intentOf(kind, new FormData(event.target)));
  }

  /** The provider's pages follow the language that the page has set for the elements (OpenID Connect Core §3.1.2.1). */
  #single(): void {
    const language = chosenLanguage();
    void this.#signIn({ kind: 'oidc', ...(language && { authorize: { ui_locales: language } }) });
  }

  /** The method of the last sign-in, here or before the session ended. */
  get #former(): string {
    const session = this.snapshot?.session;
    return (session && 'kind' in session && session.kind) || preference('kind');
  }

  protected override render(): TemplateResult | typeof nothing {
    const kinds = this.snapshot?.signInKinds ?? [];
    const forms = kinds.filter(isFormKind);
    const former = this.#former;
    const open = forms.find((kind) => kind === this.chosen) ?? forms.find((kind) => kind === former) ?? forms[0];
    const single = kinds.includes('oidc');
    const isSingleFirst = single && (former === 'oidc' || forms.length === 0) && this.chosen === undefined;
    const t = strings();
    return html`<section class="card" part="card" aria-labelledby="heading"><div class="stack"><slot name="heading"><h1 id="heading">${t.signIn}</h1></slot>
          ${this.#reason()}
          ${isSecureContext ? nothing : html`<p class="soft">${t.insecureAddress}</p>`}
        </div>
        ${this.#problem()}
        ${single ? this.#button(t.singleSignOn, 'oidc', !isSingleFirst) : nothing}
        ${single && forms.length > 0 ? html`<div class="or">${t.or}</div>` : nothing}
        ${forms.length > 1 ? this.#choice(forms, open) : nothing}
        ${forms.map((kind) => this.#form(kind, kind === open, isSingleFirst))}
        ${this.#why()}
        <slot name="hint"><p class="hint">${t.stays}</p></slot>
      </section>
    `;
  }

  #reason(): TemplateResult | typeof nothing {
    const { snapshot } = this;
    if (snapshot?.session.state !== 'signed-out') return nothing;
    const reason = signedOutText(snapshot.session);
    // At an address that is not secure, it stands below already.
    const isKnown = !isSecureContext && reason === strings().insecureAddress;
    return reason === '' || isKnown ? nothing : html`<p class="soft">${reason}</p>`;
  }

  /** The technical part, folded, below what the user has to do. */
  #why(): TemplateResult | typeof nothing {
    const session = this.snapshot?.session;
    if (session?.state !== 'signed-out' || signedOutText(session) === '') return nothing;
    return html`<session-why part="why" .keeper=${this.keeper}></session-why>`;
  }

  /** The alert is always in the document: some screen readers ignore a live region that arrives together with its text. */
  #problem(): TemplateResult {
    const { attempt, snapshot } = this;
    if (attempt.state === 'failed') return html`<div role="alert">${this.#problemText(attempt)}</div>`;
    // The way back from the provider failed, so there was no call whose result this form could show.
    const session = snapshot?.session;
    const problem =
      attempt.state === 'idle' && session && 'signInProblem' in session ? session.signInProblem : undefined;
    return html`<div role="alert">${problem ? problemText(problem) : nothing}</div>`;
  }

  #problemText({ kind, problem, waitMs, retryAt }: FailedAttempt): string | TemplateResult | typeof nothing {
    const t = strings();
    if (problem.code === 'credentials-rejected' && isFormKind(kind)) return t.wrongCredentials[kind];
    if (waitMs === 0) return problemText(problem);
    const left = retryAt - this.#clock.now;
    // the alert is read once; the countdown changes where screen readers do not look (WCAG 4.1.3)
    return left > 0
      ? html`<span class="unseen">${t.tooManyAttempts(timeLeft(waitMs))}</span><span aria-hidden="true">${t.tooManyAttempts(timeLeft(left))}</span>`
      : nothing;
  }

  #button(label: string, kind: SignInKind, quiet = false): TemplateResult {
    const mine = this.attempt.state === 'busy' && this.attempt.kind === kind;
    return html`<button class=${quiet ? 'wide' : 'primary'} type=${kind === 'oidc' ? 'button' : 'submit'}
      aria-disabled=${this.#isBlocked(kind)} @click=${kind === 'oidc' ? this.#single : nothing}>${mine ? strings().signingIn : label}</button>`;
  }

  #choice(forms: readonly FormKind[], open: FormKind | undefined): TemplateResult {
    return html`<fieldset class="segments">
      <legend class="unseen">${strings().signInWith}</legend>
      ${forms.map(
        (kind) => html`<label>
        <input type="radio" name="kind" .checked=${kind === open} @change=${() => {
          this.chosen = kind;
        }} />${labelFor(strings().kind, kind)}
      </label>`,
      )}
    </fieldset>`;
  }

  #form(kind: FormKind, open: boolean, isQuiet: boolean): TemplateResult {
    const t = strings();
    const name = preference('name');
    const fields =
      kind === 'password'
        ? html`<label>${t.userName} <input name="username" .defaultValue=${name} autocomplete="username" autocapitalize="none" spellcheck="false" required /></label>
          ${name !== '' && !this.isOther ? html`<div class="again"><button class="plain" type="button" @click=${this.#useAnother}>${t.useAnother}</button></div>` : nothing}
          ${this.#secret(t.kind.password, 'password', 'current-password')}`
        : this.#secret(t.kind.ticket, 'apiKey', 'off');
    return html`<form data-kind=${kind} ?hidden=${!open} @submit=${(event: SubmitEvent) => {
      this.#submit(event, kind);
    }}>
      ${fields}${this.#button(t.signIn, kind, isQuiet)}
    </form>`;
  }

  /** A field for a secret, which the user may look at. */
  #secret(label: string, name: string, autocomplete: 'current-password' | 'off'): TemplateResult {
    return html`<div class="field"><label for=${name}>${label}</label><span class="secret"><input id=${name} name=${name} type=${this.isRevealed ? 'text' : 'password'} autocomplete=${autocomplete} autocapitalize="none" spellcheck="false" required />
      <button type="button" aria-label=${strings().reveal} aria-pressed=${this.isRevealed} @click=${() => {
        this.isRevealed = !this.isRevealed;
      }}>${icon(EYE)}</button></span></div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-sign-in': SessionSignIn;
  }
}
