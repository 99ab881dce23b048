import type { JournalEntry } from '../protocol/bridge/calls.ts';
import type { NetworkStateName, SessionEventName, SessionStateName } from '../protocol/journal-names.ts';

/** What each event has. It holds names, numbers and codes, never a token, because the journal holds none. */
type Common = {
  /** Milliseconds since the Unix epoch, by the clock of this device. */
  readonly at: number;
  /** Id of the worker that wrote it. */
  readonly worker: string;
  /** For example `{ code: 'timeout', at: '/token' }`. */
  readonly attributes: Readonly<Record<string, string>>;
};

/** One entry of the journal. A newer worker may write names that this version does not know: they are `other`. */
export type KeeperEvent = Common &
  (
    | { readonly type: 'state'; readonly state: SessionStateName }
    | { readonly type: 'session'; readonly name: SessionEventName }
    | { readonly type: 'network'; readonly state: NetworkStateName }
    | { readonly type: 'tabs'; readonly count: number }
    /** `url` as configured, such as `/api/socket`. */
    | { readonly type: 'socket'; readonly url: string; readonly name: string }
    | { readonly type: 'other'; readonly machine: string; readonly name: string }
  );

/** Effects of the machines. They follow from events, and there are many. */
const isEffect = ({ what }: JournalEntry): boolean => what.startsWith('→');

const SOCKET = 'socket ';

/** `code=timeout detail=no answer` has two attributes. Only the last value of a line has spaces. */
const attributesOf = (detail: string | undefined): Record<string, string> =>
  Object.fromEntries(
    (detail ?? '').split(/ (?=\w+=)/).flatMap((field) => {
      const at = field.indexOf('=');
      return at > 0 ? [[field.slice(0, at), field.slice(at + 1)] as const] : [];
    }),
  );

/** `undefined` for an effect. */
export const eventOf = (entry: JournalEntry): KeeperEvent | undefined => {
  if (isEffect(entry)) return undefined;
  const { at, worker, machine, what, detail } = entry;
  const common = { at, worker, attributes: attributesOf(detail) };
  if (machine === 'state') return { ...common, type: 'state', state: what as SessionStateName };
  if (machine === 'session') return { ...common, type: 'session', name: what as SessionEventName };
  if (machine === 'network') return { ...common, type: 'network', state: what as NetworkStateName };
  if (machine === 'tabs') return { ...common, type: 'tabs', count: Number(what) };
  if (machine.startsWith(SOCKET)) return { ...common, type: 'socket', url: machine.slice(SOCKET.length), name: what };
  return { ...common, type: 'other', machine, name: what };
};

/** What identifies an entry, and its time in ms since the Unix epoch. */
export type JournalPosition = { readonly id: string; readonly at: number };

const idOf = ({ at, worker, machine, what, detail = '' }: JournalEntry): string =>
  [at, worker, machine, what, detail].join(' ');

export const positionOf = (entry: JournalEntry): JournalPosition => ({ id: idOf(entry), at: entry.at });

/**
 * The entries after the last one that was reported. The journal is in the order of writing, and a clock may go back, so
 * the entry itself counts and not its time. If the journal has dropped it, all later entries are new.
 */
export const entriesAfter = (journal: readonly JournalEntry[], last: JournalPosition): readonly JournalEntry[] => {
  const index = journal.findLastIndex((entry) => idOf(entry) === last.id);
  return index >= 0 ? journal.slice(index + 1) : journal.filter(({ at }) => at > last.at);
};
