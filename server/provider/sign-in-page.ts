import { escapeHtml, renderPage } from '../http/html-page.ts';
import type { PageStrings } from './page-strings.ts';

export type SignInPage = {
  t: PageStrings;
  /** Path that the form posts to. */
  action: string;
  username?: string | undefined;
  /** Error message of the last attempt. */
  problem?: string | undefined;
  /** Account to show as a hint. */
  hint?: { username: string; password: string } | undefined;
};

const field = (name: string, label: string, attributes: string): string =>
  `<label for="${name}">${label}</label>\n<input id="${name}" name="${name}" ${attributes}>`;

export const signInPage = ({ t, action, username = '', problem, hint }: SignInPage): string => {
  const described = problem === undefined ? '' : ' aria-invalid="true" aria-describedby="problem"';
  const focus = (on: boolean): string => (on ? ' autofocus' : '');
  const nameField = `type="text" autocomplete="username" autocapitalize="none" spellcheck="false" required value="${escapeHtml(username)}"${focus(username === '')}${described}`;
  const passwordField = `type="password" autocomplete="current-password" required${focus(username !== '')}${described}`;
  return renderPage(
    t.signIn,
    `<p>${t.toContinue}</p>
${problem === undefined ? '' : `<p class="alert" id="problem" role="alert">${escapeHtml(problem)}</p>`}
<form method="post" action="${escapeHtml(action)}">
${field('username', t.userName, nameField)}
${field('password', t.password, passwordField)}
<button name="do" value="sign-in">${t.signIn}</button>
<button class="quiet" name="do" value="cancel" formnovalidate>${t.cancel}</button>
</form>
${hint ? `<p class="hint">${t.demo} <strong>${escapeHtml(hint.username)}</strong>, ${t.demoPassword} <strong>${escapeHtml(hint.password)}</strong></p>` : ''}`,
    t.language,
  );
};

/** For a person who is signed in at the provider. It requires a click, so that no hidden flow can complete. */
export const continuePage = ({ t, action, name }: { t: PageStrings; action: string; name: string }): string =>
  renderPage(
    t.continueTitle(name),
    `<p>${t.alreadyHere}</p>
<form method="post" action="${escapeHtml(action)}">
<button name="do" value="continue" autofocus>${escapeHtml(t.continueAs(name))}</button>
<button class="quiet" name="do" value="switch">${t.useAnother}</button>
<button class="quiet" name="do" value="cancel">${t.cancel}</button>
</form>`,
    t.language,
  );

/** A page with a message and a link back to the application. */
export const messagePage = (page: { t: PageStrings; title: string; text: string; href: string }): string =>
  renderPage(
    page.title,
    `<p>${escapeHtml(page.text)}</p>\n<p><a href="${escapeHtml(page.href)}">${page.t.back}</a></p>`,
    page.t.language,
  );

/** `form`: HTML of the provider's form. The buttons submit it by its id. */
export const signOutPage = (form: string, t: PageStrings): string =>
  renderPage(
    t.signOutTitle,
    `<p>${t.endsHere}</p>
${form}
<button autofocus type="submit" form="op.logoutForm" value="yes" name="logout">${t.signOut}</button>
<button class="quiet" type="submit" form="op.logoutForm">${t.stay}</button>`,
    t.language,
  );
