import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import type { SessionStateName, SessionEventName } from '../../protocol/journal-names.ts';
import type { SocketStateName } from '../../protocol/snapshot.ts';
import { appStrings } from '../strings/app-strings.ts';
import { formatNumber } from '../text/time.ts';
import { isOwnRequest, parseFields, REQUEST } from './entries.ts';
import type { LaneKind } from './model.ts';

/** An entry for people, as a whole sentence. `about`: the connection or the evidence. `internal`: only with the internal steps. */
export type EntryText = { text: string; about?: string | undefined; internal: boolean };

/** What a person would ask about; the other states come and go with each renewal. */
const NOTABLE_STATES: readonly SessionStateName[] = ['degraded', 'sign-in-required', 'signed-out'];

const LANES: Readonly<Record<string, LaneKind>> = {
  session: 'token',
  state: 'token',
  socket: 'socket',
  tabs: 'tabs',
  network: 'network',
  [REQUEST]: 'requests',
};

const isIn = <Key extends string>(table: Readonly<Record<Key, unknown>>, key: string): key is Key =>
  Object.hasOwn(table, key);

const sessionText = (what: string, detail: string | undefined): EntryText | undefined => {
  const table: Readonly<Record<SessionEventName, string | undefined>> = appStrings().step;
  const text = isIn(table, what) ? table[what] : undefined;
  return text === undefined ? undefined : { text, about: detail?.match(/\bcode=.*/)?.[0], internal: false };
};

const requestText = (what: string, detail: string | undefined): EntryText => {
  const t = appStrings();
  const fields = parseFields(detail);
  const status = what === '0' ? t.noAnswer : `HTTP ${what}`;
  const path = fields.get('at') ?? '?';
  return {
    text: t.requestTo(path, status),
    about: `${formatNumber(Number(fields.get('ms') ?? 0))} ms`,
    internal: isOwnRequest(path),
  };
};

/** The lane that an entry belongs to; `undefined` for an entry of a newer worker that this page does not know. */
export const laneKindOf = ({ machine }: JournalEntry): LaneKind | undefined => {
  const [kind = ''] = machine.split(' ', 1);
  return Object.hasOwn(LANES, kind) ? LANES[kind] : undefined;
};

/** `undefined`: an internal step without words, or an entry of a newer worker that this page does not know. */
export const entryText = (entry: JournalEntry): EntryText | undefined => {
  const { machine, what, detail } = entry;
  const t = appStrings();
  const [kind, about] = machine.split(' ', 2);
  switch (kind) {
    case 'session':
      return sessionText(what, detail);
    case 'state': {
      const table: Readonly<Record<SessionStateName, string>> = t.state;
      if (!isIn(table, what)) return undefined;
      return { text: table[what], internal: !NOTABLE_STATES.includes(what) };
    }
    case 'socket': {
      const table: Readonly<Record<SocketStateName, string>> = t.connection;
      if (!isIn(table, what)) return undefined;
      return { text: table[what], about: [about, detail].filter(Boolean).join(' '), internal: false };
    }
    case 'tabs':
      return { text: t.tabsOpen(Number(what)), internal: false };
    case 'network':
      return { text: what === 'up' ? t.networkUp : t.networkDown, internal: false };
    case REQUEST:
      return requestText(what, detail);
    default:
      return undefined;
  }
};

/** The entry as the worker wrote it: "session grant-failed code=timeout at=/token". */
export const rawEntry = ({ machine, what, detail }: JournalEntry): string =>
  [machine, what, detail].filter(Boolean).join(' ');
