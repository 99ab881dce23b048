import { catalog } from '../locale/language.ts';
import { frameEn, type FrameStrings } from './en/frame.ts';

const frame = catalog<FrameStrings>(frameEn, {
  de: async () => (await import('./de/frame.ts')).frameDe,
  fr: async () => (await import('./fr/frame.ts')).frameFr,
});

/** The strings of the first paint in the current language. Read them on each render: the language may change. */
export const frameStrings = (): FrameStrings => frame.strings;

/** A newer worker may send a name that this page has no string for. */
export const labelFor = <Key extends string>(table: Readonly<Record<Key, string>>, key: Key): string =>
  Object.hasOwn(table, key) ? table[key] : frame.strings.unknown;
