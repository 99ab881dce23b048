import { catalog } from '../locale/language.ts';
import { en, type Strings } from './en.ts';

const core = catalog<Strings>(en, { de: async () => (await import('./de.ts')).de });

/** The words of the language that is spoken now: read them when rendering, never keep them. */
export const strings = (): Strings => core.strings;

/** A worker of a later version may use a word that is not in these tables. */
export const labelFor = <Key extends string>(table: Readonly<Record<Key, string>>, key: Key): string =>
  Object.hasOwn(table, key) ? table[key] : strings().unknown;
