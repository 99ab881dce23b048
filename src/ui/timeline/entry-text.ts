import type { JournalEntry } from '../../protocol/bridge.ts';
import type { SessionStateName, SessionEventName } from '../../protocol/journal-names.ts';
import type { SocketStateName } from '../../protocol/snapshot.ts';
import { strings } from '../strings/strings.ts';
import { appStrings } from '../strings/app-strings.ts';
import { formatNumber } from '../strings/time.ts';
import { parseFields, REQUEST } from './entries.ts';

/** An entry for people: `about` is the connection that it is about, or the evidence, where there is some. */
export type EntryText = { text: string; about?: string | undefined };

const isIn = <Key extends string>(table: Readonly<Record<Key, unknown>>, key: string): key is Key =>
  Object.hasOwn(table, key);

const sessionText = (what: string, detail: string | undefined): EntryText | undefined => {
  const table: Readonly<Record<SessionEventName, string | undefined>> = appStrings().step;
  const told = isIn(table, what) ? table[what] : undefined;
  return told === undefined ? undefined : { text: told, about: detail?.match(/\bcode=.*/)?.[0] };
};

const requestText = (what: string, detail: string | undefined): EntryText => {
  const fields = parseFields(detail);
  const status = what === '0' ? appStrings().noAnswer : `HTTP ${what}`;
  return {
    text: `${appStrings().request(fields.get('at') ?? '?', status)}.`,
    about: `${formatNumber(Number(fields.get('ms') ?? 0))} ms`,
  };
};

/** `undefined`: a step that needs no words, or one of a worker that knows more than this page. */
export const entryText = ({ machine, what, detail }: JournalEntry): EntryText | undefined => {
  const t = appStrings();
  const [kind, about] = machine.split(' ', 2);
  switch (kind) {
    case 'session':
      return sessionText(what, detail);
    case 'state': {
      const table: Readonly<Record<SessionStateName, string>> = t.state;
      return isIn(table, what) ? { text: t.entry(table[what]) } : undefined;
    }
    case 'socket': {
      const table: Readonly<Record<SocketStateName, string>> = strings().socket;
      return isIn(table, what)
        ? { text: t.entry(table[what]), about: [about, detail].filter(Boolean).join(' ') }
        : undefined;
    }
    case 'tabs':
      return { text: t.entry(t.tabs(Number(what))) };
    case 'network':
      return { text: t.entry(what === 'up' ? t.networkUp : t.networkDown) };
    case REQUEST:
      return requestText(what, detail);
    default:
      return undefined;
  }
};

/** The entry as it is written, for those who mend things. */
export const rawEntry = ({ machine, what, detail }: JournalEntry): string =>
  [machine, what, detail].filter(Boolean).join(' ');
