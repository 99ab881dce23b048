/*
 * Several sessions of one origin, each with a host of its own. This module decides whose host a tab and a request get, and
 * nothing else. It is pure, as the machines are.
 *
 * A tab is attached to one session. A tab with a name of its own stays there. All others follow the one that is shown.
 * A switch takes effect for a tab when the tab attaches again without a session: until then it shows the former one, and so
 * its requests go out for that one. A restarted worker that learns of a switch first changes no tab behind its back either.
 */

/** `follows`: it has no name of its own. */
export type AttachedTab = { session: string; follows: boolean; client: string | undefined };

export type NamedSessions = {
  /** The session of the tabs that name none. */
  shown: string;
  /** All sessions that were used here, '' first. */
  names: readonly string[];
  tabs: { readonly [tab: string]: AttachedTab };
  /** The session of each document that has attached. It is on the disk, because a restarted worker sees requests first. */
  clients: { readonly [client: string]: string };
};

export const NO_SESSIONS: NamedSessions = { shown: '', names: [''], tabs: {}, clients: {} };

export type NamedSessionsEvent =
  /** The disk, at the start or after another worker's change. */
  | { type: 'read'; shown: string; names: readonly string[]; clients: NamedSessions['clients'] }
  /** `session`: the tab's own, or the one that it shows. Absent: the tab shows none yet. */
  | { type: 'attached'; tab: string; client: string | undefined; session: string | undefined; follows: boolean }
  | { type: 'left'; tab: string }
  | { type: 'shown'; session: string }
  /** These documents are all that there are. */
  | { type: 'living'; clients: readonly string[] };

export type NamedSessionsEffect =
  /** `shown`: this change chose the session that is shown. Any other leaves the choice that is on the disk. */
  | { type: 'save'; shown: boolean }
  /** The tab has another session now, so the host of this one forgets it. */
  | { type: 'leave'; session: string; tab: string }
  /** Ends the requests of this document: their answers belong to the session that it has left. */
  | { type: 'abort'; client: string }
  /** Informs the tab, through the host of its present session. */
  | { type: 'switch'; session: string; tab: string };

export type NamedSessionsStep = { state: NamedSessions; effects: readonly NamedSessionsEffect[] };

const withName = (names: readonly string[], name: string): readonly string[] =>
  names.includes(name) ? names : [...names, name];

const without = <T>(of: { readonly [name: string]: T }, name: string): { readonly [name: string]: T } =>
  Object.fromEntries(Object.entries(of).filter(([other]) => other !== name));

/** The tabs that show another session than they should. */
const switches = ({ tabs, shown }: NamedSessions): readonly NamedSessionsEffect[] =>
  Object.entries(tabs).flatMap(([tab, { session, follows }]) =>
    follows && session !== shown ? [{ type: 'switch', session, tab } as const] : [],
  );

const onAttached = (
  state: NamedSessions,
  { tab, client, session: named, follows }: NamedSessionsEvent & { type: 'attached' },
): NamedSessionsStep => {
  const session = named ?? state.shown;
  const before = state.tabs[tab];
  const former = client === undefined ? before?.session : (state.clients[client] ?? before?.session);
  const moved = former !== undefined && former !== session;
  const effects: NamedSessionsEffect[] = [];
  if (before && before.session !== session) effects.push({ type: 'leave', session: before.session, tab });
  if (moved && client !== undefined) effects.push({ type: 'abort', client });
  const names = withName(state.names, session);
  const clients = client === undefined ? state.clients : { ...state.clients, [client]: session };
  if (names !== state.names || (client !== undefined && state.clients[client] !== session))
    effects.push({ type: 'save', shown: false });
  const tabs = { ...state.tabs, [tab]: { session, follows, client } };
  return { state: { ...state, names, clients, tabs }, effects };
};

export const stepNamedSessions = (state: NamedSessions, event: NamedSessionsEvent): NamedSessionsStep => {
  switch (event.type) {
    case 'read': {
      // What this worker knows of a document is as new as the document itself.
      const clients = { ...event.clients, ...state.clients };
      const names = [...state.names, ...event.names].reduce(withName, ['']);
      const next = { ...state, shown: event.shown, names: withName(names, event.shown), clients };
      return { state: next, effects: switches(next) };
    }
    case 'attached':
      return onAttached(state, event);
    case 'left':
      return { state: { ...state, tabs: without(state.tabs, event.tab) }, effects: [] };
    case 'shown': {
      const next = { ...state, shown: event.session, names: withName(state.names, event.session) };
      return { state: next, effects: [{ type: 'save', shown: true }, ...switches(next)] };
    }
    case 'living': {
      const living = Object.entries(state.clients).filter(([client]) => event.clients.includes(client));
      const isSame = living.length === Object.keys(state.clients).length;
      return isSame
        ? { state, effects: [] }
        : { state: { ...state, clients: Object.fromEntries(living) }, effects: [{ type: 'save', shown: false }] };
    }
  }
};

/** What says whose a request is. */
export type RequestOrigin = {
  /** The rule of the allow-list is for one session only. */
  rule?: string | undefined;
  /** The request names its session (`SESSION_HEADER`). */
  header?: string | undefined;
  /** The document that sends it. */
  client?: string | undefined;
  /** The session of this document's path (`sessions.pages`). */
  page?: string | undefined;
};

/** `ofTab`: the request belongs to the session that its document shows, and ends when that changes. */
export type RequestSession = { session: string; ofTab: boolean };

/** Whose request this is. A rule and a header are explicit. A document that has not attached yet has its path. */
export const sessionOfRequest = (
  { shown, clients }: NamedSessions,
  { rule, header, client, page }: RequestOrigin,
): RequestSession => {
  const named = rule ?? header;
  if (named !== undefined) return { session: named, ofTab: false };
  const attached = client === undefined ? undefined : clients[client];
  return { session: attached ?? page ?? shown, ofTab: true };
};
