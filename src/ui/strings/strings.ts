import { catalog } from '../locale/language.ts';
import { coreEn, type Strings } from './en/core.ts';

const core = catalog<Strings>(coreEn, {
  de: async () => (await import('./de/core.ts')).coreDe,
  fr: async () => (await import('./fr/core.ts')).coreFr,
});

/** The strings in the current language. Read them on each render: the language may change. */
export const strings = (): Strings => core.strings;

/** A newer worker may send a name that this page has no string for. */
export const labelFor = <Key extends string>(table: Readonly<Record<Key, string>>, key: Key): string =>
  Object.hasOwn(table, key) ? table[key] : strings().unknown;
