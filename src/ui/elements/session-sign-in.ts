import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { SignInIntent } from '../../protocol/bridge/calls.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { SignInKind } from '../../protocol/snapshot.ts';
import { ClockController } from '../base/clock-controller.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { labelFor, strings } from '../strings/strings.ts';
import './session-why.ts';
import { problemText, signedOutText } from '../strings/problem-text.ts';
import { timeLeft } from '../strings/time.ts';

type FormKind = Exclude<SignInKind, 'oidc'>;
type Attempt =
  | { state: 'idle' }
  | { state: 'busy'; kind: SignInKind }
  /** The server accepts no further attempt of this kind for `waitMs`, until `retryAt` (ms since the Unix epoch). */
  | { state: 'failed'; kind: SignInKind; problem: Problem; waitMs: number; retryAt: number };

type FailedAttempt = Extract<Attempt, { state: 'failed' }>;

const isFormKind = (kind: SignInKind): kind is FormKind => kind !== 'oidc';

const text = (data: FormData, name: string): string => {
  const value = data.get(name);
  return typeof value === 'string' ? value : '';
};

const intentOf = (kind: FormKind, data: FormData): SignInIntent =>
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
    css`
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
    `,
  ];

  @state() private attempt: Attempt = { state: 'idle' };
  @state() private chosen: FormKind | undefined;
  readonly #clock = new ClockController(this);

  async #signIn(intent: SignInIntent): Promise<void> {
    if (!this.keeper || this.#isBlocked(intent.kind)) return;
    this.attempt = { state: 'busy', kind: intent.kind };
    const result = await this.keeper.signIn(intent);
    if (result.ok) {
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

  #done(): void {
    this.#forget();
    this.dispatchEvent(new Event('session-signed-in', { bubbles: true, composed: true }));
  }

  /** Removes the secret from the document after its use. */
  #forget(): void {
    this.attempt = { state: 'idle' };
    for (const form of this.renderRoot.querySelectorAll('form')) form.reset();
  }

  #retype(kind: SignInKind): void {
    const field = this.renderRoot.querySelector<HTMLInputElement>(`#${kind} [type=password]`);
    field?.focus();
    field?.select();
  }

  #submit(event: SubmitEvent, kind: FormKind): void {
    event.preventDefault();
    if (event.target instanceof HTMLFormElement) void this.#signIn(intentOf(kind, new FormData(event.target)));
  }

  #single(): void {
    void this.#signIn({ kind: 'oidc' });
  }

  protected override render(): TemplateResult | typeof nothing {
    const kinds = this.snapshot?.signInKinds ?? [];
    const forms = kinds.filter(isFormKind);
    const open = this.chosen !== undefined && forms.includes(this.chosen) ? this.chosen : forms[0];
    const single = kinds.includes('oidc');
    const t = strings();
    return html`<section class="card" part="card" aria-labelledby="heading"><div class="stack"><slot name="heading"><h1 id="heading">${t.signIn}</h1></slot>
          ${this.#reason()}
        </div>
        ${this.#problem()}
        ${single ? this.#button(t.singleSignOn, 'oidc', forms.length > 0) : nothing}
        ${single && forms.length > 0 ? html`<div class="or">${t.or}</div>` : nothing}
        ${forms.length > 1 ? this.#choice(forms, open) : nothing}
        ${forms.map((kind) => this.#form(kind, kind === open))}
        <slot name="hint"><p class="hint">${t.stays}</p></slot>
      </section>
    `;
  }

  #reason(): TemplateResult | typeof nothing {
    const { snapshot } = this;
    if (snapshot?.session.state !== 'signed-out') return nothing;
    const reason = signedOutText(snapshot.session);
    if (reason === '') return nothing;
    return html`<p class="soft">${reason}</p><session-why part="why" .keeper=${this.keeper}></session-why>`;
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
    return html`<fieldset>
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

  #form(kind: FormKind, open: boolean): TemplateResult {
    const t = strings();
    const fields =
      kind === 'password'
        ? html`<label>${t.userName} <input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required /></label><label>${t.kind.password} <input name="password" type="password" autocomplete="current-password" required /></label>`
        : html`<label>${t.kind.ticket} <input name="apiKey" type="password" autocomplete="off" spellcheck="false" required /></label>`;
    return html`<form id=${kind} ?hidden=${!open} @submit=${(event: SubmitEvent) => {
      this.#submit(event, kind);
    }}>
      ${fields}${this.#button(t.signIn, kind)}
    </form>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-sign-in': SessionSignIn;
  }
}
