import { escapeHtml, renderPage } from '../http/html-page.ts';

export type SignInPage = {
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

export const signInPage = ({ action, username = '', problem, hint }: SignInPage): string => {
  const described = problem === undefined ? '' : ' aria-invalid="true" aria-describedby="problem"';
  const focus = (on: boolean): string => (on ? ' autofocus' : '');
  const nameField = `type="text" autocomplete="username" autocapitalize="none" spellcheck="false" required value="${escapeHtml(username)}"${focus(username === '')}${described}`;
  const passwordField = `type="password" autocomplete="current-password" required${focus(username !== '')}${described}`;
  return renderPage(
    'Sign in',
    `<p>to continue to Session Keeper</p>
${problem === undefined ? '' : `<p class="alert" id="problem" role="alert">${escapeHtml(problem)}</p>`}
<form method="post" action="${escapeHtml(action)}">
${field('username', 'User name', nameField)}
${field('password', 'Password', passwordField)}
<button name="do" value="sign-in">Sign in</button>
<button class="quiet" name="do" value="cancel" formnovalidate>Cancel</button>
</form>
${hint ? `<p class="hint">Demo account: user name <strong>${escapeHtml(hint.username)}</strong>, password <strong>${escapeHtml(hint.password)}</strong></p>` : ''}`,
  );
};

/** For a person who is signed in at the provider. It requires a click, so that no hidden flow can complete. */
export const continuePage = (page: { action: string; name: string }): string =>
  renderPage(
    `Continue as ${page.name}?`,
    `<p>You are already signed in here.</p>
<form method="post" action="${escapeHtml(page.action)}">
<button name="do" value="continue" autofocus>Continue as ${escapeHtml(page.name)}</button>
<button class="quiet" name="do" value="switch">Use another account</button>
<button class="quiet" name="do" value="cancel">Cancel</button>
</form>`,
  );

/** A page with a message and a link. */
export const messagePage = (page: { title: string; text: string; link: { href: string; label: string } }): string =>
  renderPage(
    page.title,
    `<p>${escapeHtml(page.text)}</p>\n<p><a href="${escapeHtml(page.link.href)}">${escapeHtml(page.link.label)}</a></p>`,
  );

/** `form`: HTML of the provider's form. The buttons submit it by its id. */
export const signOutPage = (form: string): string =>
  renderPage(
    'Sign out?',
    `<p>This ends your sign-in here.</p>
${form}
<button autofocus type="submit" form="op.logoutForm" value="yes" name="logout">Sign out</button>
<button class="quiet" type="submit" form="op.logoutForm">Stay signed in</button>`,
  );
