/* The smallest app that shows who is signed in. Each entry of the league is this app with another library. */

export type LeagueApp = {
  /** Whether a session is there, from an earlier page or from the provider's answer in the address. */
  restore(): Promise<boolean>;
  /** Leaves the page for the provider. */
  signIn(): Promise<void>;
  /** One authorized request. Renews the access token when that helps. `init` has the caller's signal. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** The library's worker authorizes plain requests, so the app keeps the browser's own `fetch`. */
  intercepts?: boolean;
};

/** What each entry is configured with: the provider that the document names, and the address that it sends users back to. */
export const OIDC = {
  authority: document.documentElement.dataset['issuer'] ?? '',
  client_id: 'session-keeper',
  redirect_uri: `${location.origin}/auth/callback`,
  scope: 'openid profile offline_access api',
};

const WHOAMI = '/api/v1/auth/whoami';
const POLL_MS = 3_000;
/** After this, a request counts as lost: a connection that died in silence never ends by itself. */
const ANSWER_WITHIN_MS = 5_000;
const UNAUTHORIZED = 401;

export const isReturn = (): boolean => new URLSearchParams(location.search).has('code');
export const leaveCallback = (): void => history.replaceState(null, '', '/');

/** The browser's own fetch, before the app puts its own in its place. */
export const nativeFetch = globalThis.fetch.bind(globalThis);

const show = (title: string, detail: string): void => {
  document.title = title;
  document.body.innerHTML = '<main><h1></h1><p></p><button>Sign in</button></main>';
  const [heading, text, button] = [...document.querySelectorAll('h1, p, button')];
  if (heading) heading.textContent = title;
  if (text) text.textContent = detail;
  if (button instanceof HTMLButtonElement) button.hidden = title !== 'Signed out';
};

/** As many apps do. */
const replaceFetch = (app: LeagueApp): void => {
  globalThis.fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input), location.href);
    return url.origin === location.origin && url.pathname.startsWith('/api/')
      ? app.fetch(url.pathname, init)
      : nativeFetch(input, init);
  };
};

/**
 * Runs an app. It replaces `fetch` for its own API, and shows what the backend answered last. It looks again every few seconds,
 * when the network is back, and when the tab is in front again.
 */
export const runApp = async (app: LeagueApp): Promise<void> => {
  if (!app.intercepts) replaceFetch(app);
  let name = '';
  const look = async (): Promise<void> => {
    try {
      const response = await app.fetch(WHOAMI, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      if (response.ok) ({ name } = (await response.json()) as { name: string });
      if (response.ok) show('You are signed in', name);
      // The library gave up: only the person can help.
      if (response.status === UNAUTHORIZED && !(await app.restore())) show('Signed out', '');
    } catch {
      if (name !== '') show('You are signed in', `${name} (no connection)`);
    }
  };
  document.addEventListener('click', ({ target }) => {
    if (target instanceof HTMLButtonElement) void app.signIn();
  });
  if (!(await app.restore().catch(() => false))) show('Signed out', '');
  else await look();
  setInterval(() => {
    if (document.title !== 'Signed out') void look();
  }, POLL_MS);
  globalThis.addEventListener('online', () => void look());
  document.addEventListener('visibilitychange', () => void look());
};
