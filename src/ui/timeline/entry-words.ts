import type { JournalEntry } from '../../protocol/bridge.ts';
import type { SessionStateName, SessionEventName } from '../../protocol/journal-names.ts';
import type { SocketStateName } from '../../protocol/snapshot.ts';
import { words } from '../strings/messages.ts';
import { moreWords } from '../strings/app-messages.ts';
import { number } from '../strings/time.ts';
import { fieldsOf, REQUEST } from './entries.ts';

/** An entry for people: `about` is the connection that it is about, or the evidence, where there is some. */
export type EntryWords = { words: string; about?: string | undefined };

const isIn = <Key extends string>(table: Readonly<Record<Key, unknown>>, key: string): key is Key =>
  Object.hasOwn(table, key);

const sessionWords = (what: string, detail: string | undefined): EntryWords | undefined => {
  const table: Readonly<Record<SessionEventName, string | undefined>> = moreWords().step;
  const told = isIn(table, what) ? table[what] : undefined;
  return told === undefined ? undefined : { words: told, about: detail?.match(/\bcode=.*/)?.[0] };
};

const requestWords = (what: string, detail: string | undefined): EntryWords => {
  const fields = fieldsOf(detail);
  const status = what === '0' ? moreWords().noAnswer : `HTTP ${what}`;
  return {
    words: `${moreWords().request(fields.get('at') ?? '?', status)}.`,
    about: `${number(Number(fields.get('ms') ?? 0))} ms`,
  };
};

/** `undefined`: a step that needs no words, or one of a worker that knows more than this page. */
export const entryWords = ({ machine, what, detail }: JournalEntry): EntryWords | undefined => {
  const say = moreWords();
  const [kind, about] = machine.split(' ', 2);
  switch (kind) {
    case 'session':
      return sessionWords(what, detail);
    case 'state': {
      const table: Readonly<Record<SessionStateName, string>> = say.state;
      return isIn(table, what) ? { words: say.entry(table[what]) } : undefined;
    }
    case 'socket': {
      const table: Readonly<Record<SocketStateName, string>> = words().socket;
      return isIn(table, what)
        ? { words: say.entry(table[what]), about: [about, detail].filter(Boolean).join(' ') }
        : undefined;
    }
    case 'tabs':
      return { words: say.entry(say.tabs(Number(what))) };
    case 'network':
      return { words: say.entry(what === 'up' ? say.networkUp : say.networkDown) };
    case REQUEST:
      return requestWords(what, detail);
    default:
      return undefined;
  }
};

/** The entry as it is written, for those who mend things. */
export const entrySteps = ({ machine, what, detail }: JournalEntry): string =>
  [machine, what, detail].filter(Boolean).join(' ');
