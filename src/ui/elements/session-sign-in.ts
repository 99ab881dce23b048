import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { SignInIntent } from '../../protocol/bridge.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { SignInKind } from '../../protocol/snapshot.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { labelFor, strings } from '../strings/strings.ts';
import { signInStyles } from '../base/sign-in-styles.ts';
import './session-why.ts';
import { problemText, signedOutText } from '../strings/problem-text.ts';

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
 * @slot hint - below the forms, instead of how long one stays signed in
 * @csspart card - the surface
 * @csspart why - the question why, where there is one
 * @fires session-signed-in - a sign-in has succeeded
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
      if (result.value.type === 'signed-in') this.#done();
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

  #done(): void {
    this.#forget();
    this.dispatchEvent(new Event('session-signed-in', { bubbles: true, composed: true }));
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
    const t = strings();
    return html`
      <section class="card" part="card" aria-labelledby="heading">
        <div class="stack">
          <slot name="heading"><h1 id="heading">${t.signIn}</h1></slot>
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
    return html`<p class="soft">${signedOutText(snapshot.session)}</p><session-why part="why" .keeper=${this.keeper}></session-why>`;
  }

  /** The alert is always there: a live region that arrives together with its text is not announced everywhere. */
  #problem(): TemplateResult {
    return html`<div role="alert">${this.attempt.state === 'failed' ? problemText(this.attempt.problem) : nothing}</div>`;
  }

  #button(label: string, kind: SignInKind, quiet = false): TemplateResult {
    const busy = this.attempt.state === 'busy';
    const mine = busy && this.attempt.state === 'busy' && this.attempt.kind === kind;
    return html`<button class=${quiet ? 'wide' : 'primary'} type=${kind === 'oidc' ? 'button' : 'submit'}
      aria-disabled=${busy} @click=${kind === 'oidc' ? this.#single : nothing}>${mine ? strings().signingIn : label}</button>`;
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
        ? html`
          <label>${t.userName} <input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required /></label>
          <label>${t.kind.password} <input name="password" type="password" autocomplete="current-password" required /></label>`
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
