import { vocabulary } from '../locale/language.ts';
import { en, type Words } from './en.ts';

const core = vocabulary<Words>(en, { de: async () => (await import('./de.ts')).de });

/** The words of the language that is spoken now: read them when rendering, never keep them. */
export const words = (): Words => core.words;

/** A worker of a later version may say a word that is not in these tables. */
export const named = <Key extends string>(table: Readonly<Record<Key, string>>, key: Key): string =>
  Object.hasOwn(table, key) ? table[key] : words().unknown;
