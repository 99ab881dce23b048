/** What one page of the chaos run has seen. `messages`: numbers of the flood that it received. */
export type PageView = {
  session: string;
  sub: string | undefined;
  socket: string | undefined;
  durability: string;
  /** Whether the library says that a reload is due (`keeper.update.ready`). */
  reloadIsDue: boolean;
  /** Times at which the page was shown the end of a session that no one had ended. */
  ends: readonly string[];
  messages: number;
  missing: number;
  inOrder: boolean;
  /** Whether the last message of the run has come. */
  hasEnd: boolean;
  /** Places where the page's own script found what looks like a token. */
  leaks: readonly string[];
};

/** A user of one app of the origin. An app has its own worker. `session`: the user's session, if the app keeps several. */
export type Seat = { user: string; page: string; worker: string; session?: string };

export const FLOOD_TOPIC = 'chaos';
/** Where the tokens of the password method begin. */
const TOKENS = 'pwa_|pwr_|eyJhbGciOi';
const MARK_EVERY_MS = 300;
const SETTLES_WITHIN_MS = 20_000;

/**
 * Connects the library in a page, watches it, and counts the messages of the flood. Resolves when the page has received a
 * message of its own.
 *
 * A page without a name follows the session that was chosen last, so each page of an app with several sessions names its own.
 * `isNew`: signs the user in first.
 */
export const watchExpression = ({ user, worker, session }: Seat, isNew: boolean): string => `(async () => {
  const { connect } = await import('/keeper.js');
  const keeper = await connect(${JSON.stringify({ worker, session })});
  const view = globalThis.chaos = { ends: [], messages: 0, missing: 0, inOrder: true, hasEnd: false, keeper };
  if (${isNew}) {
    const result = await keeper.signIn({ kind: 'password', username: '${user}', password: '${user}' });
    if (!result.ok) throw new Error('no sign-in: ' + JSON.stringify(result.problem));
  }
  keeper.subscribe(({ session }) => {
    if (session.state === 'signed-out') view.ends.push(new Date().toISOString() + ' ' + JSON.stringify(session));
  });
  const channel = keeper.channel('${FLOOD_TOPIC}', { snapshot: async () => ({ data: 'state' }) });
  const mark = crypto.randomUUID();
  let place = 0;
  let joined = () => undefined;
  const listening = new Promise((resolve) => (joined = resolve));
  void (async () => {
    for await (const event of channel.events()) {
      if (event.type === 'snapshot') continue;
      const [from, to] = event.type === 'gap' ? [event.from, event.to] : [event.offset, event.offset];
      view.inOrder &&= place === 0 || from === place + 1;
      place = to;
      if (event.type === 'gap') view.missing += to - from + 1;
      else if (event.data.mark === mark) joined();
      else if (event.data.mark === 'end') view.hasEnd = true;
      else if (typeof event.data.n === 'number') view.messages += 1;
    }
  })();
  // The first ones may be stored before the server knows that this page listens.
  const again = setInterval(() => void channel.publish({ mark }), ${MARK_EVERY_MS});
  await listening;
  clearInterval(again);
})()`;

/** One authorized request of the page: its status and whom the backend named. 0: it failed. */
export const askExpression = `(async () => {
  try {
    const response = await chaos.keeper.fetch('/api/v1/auth/whoami', { signal: AbortSignal.timeout(${SETTLES_WITHIN_MS}) });
    return { status: response.status, sub: (await response.json()).sub };
  } catch (error) {
    return { status: 0, sub: String(error) };
  }
})()`;

/** Everything that a script of the page can read without a trick. */
export const VIEW_EXPRESSION = `(async () => {
  const { ends, messages, missing, inOrder, hasEnd, keeper } = chaos;
  const { session, sockets, durability } = keeper.snapshot;
  const places = {
    snapshot: JSON.stringify(keeper.snapshot),
    localStorage: JSON.stringify({ ...localStorage }),
    sessionStorage: JSON.stringify({ ...sessionStorage }),
    cookie: document.cookie,
    document: document.documentElement.outerHTML,
  };
  const leaks = Object.keys(places).filter((place) => new RegExp('${TOKENS}').test(places[place]));
  const socket = sockets['/api/socket']?.state;
  const state = { session: session.state, sub: session.user?.sub, socket, durability, reloadIsDue: keeper.update.ready };
  return { ...state, ends, messages, missing, inOrder, hasEnd, leaks };
})()`;

export const END_EXPRESSION = `chaos.keeper.channel('${FLOOD_TOPIC}').publish({ mark: 'end' })`;
