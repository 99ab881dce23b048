import { catalog } from '../locale/language.ts';
import { en, type Strings } from './en.ts';

const core = catalog<Strings>(en, {
  de: async () => (await import('./de.ts')).de,
  fr: async () => (await import('./fr.ts')).fr.core,
});

/** The strings in the current language. Read them on each render: the language may change. */
export const strings = (): Strings => core.strings;

/** A newer worker may send a name that this page has no string for. */
export const labelFor = <Key extends string>(table: Readonly<Record<Key, string>>, key: Key): string =>
  Object.hasOwn(table, key) ? table[key] : strings().unknown;
