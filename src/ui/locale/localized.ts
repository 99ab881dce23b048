import { formatLocale } from './language.ts';

/**
 * A format of `Intl` in the current language. It is made at its first use: the first one of a page costs a phone 80 ms. It is
 * kept until the language changes, because some are used every second.
 *
 * @example const list = localized((tag) => new Intl.ListFormat(tag)); // list().format(['a', 'b'])
 */
export const localized = <Format>(make: (tag: string) => Format): (() => Format) => {
  let made: { tag: string; format: Format } | undefined;
  return () => {
    const tag = formatLocale();
    if (made?.tag !== tag) made = { tag, format: make(tag) };
    return made.format;
  };
};
