/* The smallest app with a sign-in and a stream of numbered messages. Each entry of the socket league is this app with another library. */

export type OnNumber = (number: number) => void;

export type SocketApp = {
  /** Rejects when it cannot be known now, such as without a network. */
  isSignedIn(): Promise<boolean>;
  signIn(username: string, password: string): Promise<void>;
  /** Opens the stream of the signed-in user. It is called once. */
  open(onNumber: OnNumber): void;
};

/** What the user's server accepts as a session: a cookie that it sets. The same for all entries. */
const LOGIN = '/api/login';
const STATUS = '/api/status';
const POLL_MS = 3_000;
/** After this, a request counts as lost: a connection that died in silence never ends by itself. */
const ANSWER_WITHIN_MS = 5_000;

/** An app whose page itself holds the socket. The browser sends the session's cookie with it. */
export const pageApp = (open: SocketApp['open']): SocketApp => ({
  isSignedIn: async () => {
    const response = await fetch(STATUS, { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    if (!response.ok) throw new Error(`The server answered ${response.status}.`);
    return ((await response.json()) as { authenticated: boolean }).authenticated;
  },
  signIn: async (username, password) => {
    const headers = { 'content-type': 'application/json' };
    await fetch(LOGIN, { method: 'POST', headers, body: JSON.stringify({ username, password }) });
  },
  open,
});

/** The address of a WebSocket on this origin. */
export const socketAddress = (path: string): string => `${location.origin.replace(/^http/, 'ws')}${path}`;

const show = (title: string): void => {
  const [heading, form] = [document.querySelector('h1'), document.querySelector('form')];
  if (heading) heading.textContent = title;
  if (form) form.hidden = title !== 'Signed out';
};

/**
 * Runs an app. Number 0 is a mark of the league, which says only that the page listens. While the app cannot know who is
 * signed in, the page shows what it showed before.
 */
export const runSocketApp = async (app: SocketApp): Promise<void> => {
  const league = { marks: 0, numbers: [] as number[] };
  Object.assign(globalThis, { league });
  let isOpen = false;
  const look = async (): Promise<void> => {
    const isSignedIn = await app.isSignedIn().catch(() => undefined);
    if (isSignedIn === undefined) return;
    show(isSignedIn ? 'You are signed in' : 'Signed out');
    if (!isSignedIn || isOpen) return;
    isOpen = true;
    app.open((number) => (number === 0 ? (league.marks += 1) : league.numbers.push(number)));
  };
  document.querySelector('form')?.addEventListener('submit', (event) => {
    event.preventDefault();
    const [name, password] = [...document.querySelectorAll('input')].map(({ value }) => value);
    void app.signIn(name ?? '', password ?? '').then(look);
  });
  setInterval(() => void look(), POLL_MS);
  globalThis.addEventListener('online', () => void look());
  document.addEventListener('visibilitychange', () => void look());
  await look();
};
