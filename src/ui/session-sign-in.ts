import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { SignInIntent } from '../protocol/bridge.ts';
import type { Problem } from '../protocol/problem.ts';
import type { SignInKind } from '../protocol/snapshot.ts';
import { KeeperElement } from './keeper-element.ts';
import { signInStyles } from './sign-in-styles.ts';
import { evidence, kindWords, problemWords, signedOutWords } from './words.ts';

type FormKind = Exclude<SignInKind, 'oidc'>;
type Attempt =
  | { state: 'idle' }
  | { state: 'busy'; kind: SignInKind }
  | { state: 'failed'; kind: SignInKind; problem: Problem };

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
 * Signs in, by any of the kinds that the deployment offers, and says why one is not signed in.
 *
 * @slot heading - replaces the heading "Sign in"
 * @slot hint - below the forms, for example how to get an account
 * @csspart card - the surface
 */
@customElement('session-sign-in')
export class SessionSignIn extends KeeperElement {
  static override styles = [KeeperElement.styles, signInStyles];

  @state() private attempt: Attempt = { state: 'idle' };
  @state() private chosen: FormKind | undefined;

  async #signIn(intent: SignInIntent): Promise<void> {
    if (!this.keeper || this.attempt.state === 'busy') return;
    this.attempt = { state: 'busy', kind: intent.kind };
    const result = await this.keeper.signIn(intent);
    if (result.ok) {
      if (result.value.type === 'signed-in') this.#forget();
      // Back from the provider, the page may come out of the back/forward cache as it was left.
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
    this.attempt = { state: 'failed', kind: intent.kind, problem: result.problem };
    await this.updateComplete;
    if (result.problem.code === 'credentials-rejected') this.#retype(intent.kind);
  }

  /** A secret has no business in the document once it was used. */
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
    return html`
      <section class="card" part="card" aria-labelledby="heading">
        <div class="stack">
          <slot name="heading"><h1 id="heading">Sign in</h1></slot>
          ${this.#reason()}
        </div>
        ${this.#problem()}
        ${single ? this.#button('Continue with single sign-on', 'oidc', forms.length > 0) : nothing}
        ${single && forms.length > 0 ? html`<div class="or">or</div>` : nothing}
        ${forms.length > 1 ? this.#choice(forms, open) : nothing}
        ${forms.map((kind) => this.#form(kind, kind === open))}
        <slot name="hint"></slot>
      </section>
    `;
  }

  #reason(): TemplateResult | typeof nothing {
    const session = this.snapshot?.session;
    if (session?.state !== 'signed-out') return nothing;
    const why = session.problem;
    return html`
      <p class="soft">${signedOutWords(session)}</p>
      ${why ? html`<details><summary>Why?</summary><p>${problemWords(why)}</p><code>${evidence(why)}</code></details>` : nothing}
    `;
  }

  /** The alert is always there: a live region that arrives together with its text is not announced everywhere. */
  #problem(): TemplateResult {
    return html`<div role="alert">${this.attempt.state === 'failed' ? problemWords(this.attempt.problem) : nothing}</div>`;
  }

  #button(label: string, kind: SignInKind, quiet = false): TemplateResult {
    const busy = this.attempt.state === 'busy';
    const mine = busy && this.attempt.state === 'busy' && this.attempt.kind === kind;
    return html`<button class=${quiet ? 'wide' : 'primary'} type=${kind === 'oidc' ? 'button' : 'submit'}
      aria-disabled=${busy} @click=${kind === 'oidc' ? this.#single : nothing}>${mine ? 'Signing in…' : label}</button>`;
  }

  #choice(forms: readonly FormKind[], open: FormKind | undefined): TemplateResult {
    return html`<fieldset>
      <legend class="unseen">Sign in with</legend>
      ${forms.map(
        (kind) => html`<label>
        <input type="radio" name="kind" .checked=${kind === open} @change=${() => {
          this.chosen = kind;
        }} />${kindWords(kind)}
      </label>`,
      )}
    </fieldset>`;
  }

  #form(kind: FormKind, open: boolean): TemplateResult {
    const fields =
      kind === 'password'
        ? html`
          <label>User name <input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required /></label>
          <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>`
        : html`<label>API key <input name="apiKey" type="password" autocomplete="off" spellcheck="false" required /></label>`;
    return html`<form id=${kind} ?hidden=${!open} @submit=${(event: SubmitEvent) => {
      this.#submit(event, kind);
    }}>
      ${fields}${this.#button('Sign in', kind)}
    </form>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-sign-in': SessionSignIn;
  }
}
