import { spaceText } from './disk-space.ts';
import type { ClockNotice } from '../base/steady-clock.ts';

/** Something that only the operator of the server can judge or repair. No notice contains a secret. */
export type OperatorNotice =
  | ClockNotice
  | { type: 'store-restored' }
  | { type: 'key-created'; file: string }
  /** In bytes, of the data folder's volume. */
  | { type: 'disk-low' | 'disk-free'; free: number; total: number }
  | SharedStoreNotice;

/** Of a store that instances share. */
type SharedStoreNotice =
  | { type: 'release-missing' }
  | { type: 'store-empty' | 'store-foreign' | 'store-newer' | 'store-found' | 'store-reached' }
  | { type: 'store-unreachable' | 'store-settings' | 'key-file-refused'; reason: string };

export type NotifyOperator = (notice: OperatorNotice) => void;

const UNITS: readonly [name: string, ms: number][] = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
];

const durationText = (ms: number): string => {
  const [name, unit] = UNITS.find(([, size]) => Math.abs(ms) >= 2 * size) ?? ['seconds', 1_000];
  return `${Math.round(Math.abs(ms) / unit)} ${name}`;
};

const sharedStoreText = (notice: SharedStoreNotice): string => {
  switch (notice.type) {
    case 'store-empty':
      return (
        'The store is empty: nothing says that it is the store of these secrets. The server answers 503 and signs no one out. ' +
        'If the data is lost, or this is the first start, start one instance with --adopt-empty-store. Else put the data back.'
      );
    case 'store-foreign':
      return (
        'The store belongs to other secrets. The server answers 503 and signs no one out. ' +
        'Correct STORE, or KEEPER_SECRET or KEEPER_KEY_FILE.'
      );
    case 'release-missing':
      return (
        'The other instances serve another build, which this one does not have, so browsers see two builds by turns. ' +
        'Start it with FORMER_DIST_DIR, the folder of that build.'
      );
    case 'store-newer':
      return 'The store was written by a newer server. Start that version.';
    case 'store-found':
      return 'The store is there, and belongs to these secrets.';
    case 'store-unreachable':
      return (
        `The store cannot be reached: ${notice.reason} The server answers 503 and signs no one out. It tries again every ` +
        'half a second.'
      );
    case 'store-reached':
      return 'The store can be reached again.';
    case 'store-settings':
      return `The settings of the store may lose sessions: ${notice.reason}`;
    case 'key-file-refused':
      return `The changed key file cannot be used, so the former keys stay in use: ${notice.reason}`;
  }
};

/** One line of plain text. */
export const noticeText = (notice: OperatorNotice): string => {
  switch (notice.type) {
    case 'clock-jumped':
      return (
        `The system's clock moved ${durationText(notice.byMs)} ${notice.byMs < 0 ? 'back' : 'ahead'}. ` +
        'The server goes on with its own time, and nothing expires by the new one. Check the clock (timedatectl). ' +
        'A time that stays for a day is taken for the right one.'
      );
    case 'clock-adopted':
      return `The server now uses the system's time, which has differed by ${durationText(notice.byMs)} for a day.`;
    case 'disk-low':
      return (
        `The disk of the data folder is almost full: ${spaceText(notice)}. The server takes no uploads and messages until ` +
        'there is space again. Refreshes, sign-ins and sign-outs go on.'
      );
    case 'disk-free':
      return `The disk of the data folder has space again: ${spaceText(notice)}.`;
    case 'key-created':
      return (
        `The key of the data folder is new, in ${notice.file}. Back it up, but apart from the folder: ` +
        'a copy of both is every session, and without the key the folder cannot be used.'
      );
    case 'store-restored':
      return (
        'A client has a newer token than the store: the data folder is an older copy, such as a restored backup. ' +
        'The server accepts such tokens. What changed after the copy was made is lost, such as sign-outs and messages.'
      );
    default:
      return sharedStoreText(notice);
  }
};

/** Passes each type of notice on once. */
export const onceForEachType = (notify: NotifyOperator): NotifyOperator => {
  const seen = new Set<OperatorNotice['type']>();
  return (notice) => {
    if (seen.has(notice.type)) return;
    seen.add(notice.type);
    notify(notice);
  };
};
