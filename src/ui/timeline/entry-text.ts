import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import type { SessionStateName, SessionEventName } from '../../protocol/journal-names.ts';
import type { SocketStateName } from '../../protocol/snapshot.ts';
import { strings } from '../strings/strings.ts';
import { appStrings } from '../strings/app-strings.ts';
import { formatNumber } from '../strings/time.ts';
import { parseFields, REQUEST } from './entries.ts';

/** An entry for people. `about`: the connection or the evidence. `internal`: shown on a lane, but no row of its own. */
export type EntryText = { subject?: string; text: string; about?: string | undefined; internal: boolean };

/** What a person would ask about; the other states come and go with each renewal. */
const NOTABLE_STATES: readonly SessionStateName[] = ['degraded', 'sign-in-required', 'signed-out'];

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
  return {
    text: `${t.requestTo(fields.get('at') ?? '?', status)}.`,
    about: `${formatNumber(Number(fields.get('ms') ?? 0))} ms`,
    internal: false,
  };
};

/** `undefined`: an internal step without words, or an entry of a newer worker that this page does not know. */
export const entryText = ({ machine, what, detail }: JournalEntry): EntryText | undefined => {
  const t = appStrings();
  const [kind, about] = machine.split(' ', 2);
  switch (kind) {
    case 'session':
      return sessionText(what, detail);
    case 'state': {
      const table: Readonly<Record<SessionStateName, string>> = t.state;
      if (!isIn(table, what)) return undefined;
      return { subject: t.lane.token, text: t.entry(table[what]), internal: !NOTABLE_STATES.includes(what) };
    }
    case 'socket': {
      const table: Readonly<Record<SocketStateName, string>> = strings().socket;
      if (!isIn(table, what)) return undefined;
      return {
        subject: t.lane.socket,
        text: t.entry(table[what]),
        about: [about, detail].filter(Boolean).join(' '),
        internal: false,
      };
    }
    case 'tabs':
      return { subject: t.lane.tabs, text: t.entry(t.tabsOpen(Number(what))), internal: false };
    case 'network':
      return { text: t.entry(what === 'up' ? t.networkUp : t.networkDown), internal: false };
    case REQUEST:
      return requestText(what, detail);
    default:
      return undefined;
  }
};

/** "Socket: Connected.": a whole sentence, for a list that mixes all kinds. `undefined` as for `entryText`. */
export const entrySentence = (entry: JournalEntry): string | undefined => {
  const found = entryText(entry);
  return found && [found.subject, found.text].filter(Boolean).join(': ');
};

/** The entry as the worker wrote it: "session grant-failed code=timeout at=/token". */
export const rawEntry = ({ machine, what, detail }: JournalEntry): string =>
  [machine, what, detail].filter(Boolean).join(' ');
