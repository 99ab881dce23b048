import type { CsrfConfig } from '../../../protocol/sign-in-config.ts';
import { DIRECT_FETCH } from '../../runtime/http.ts';

/** The header of an unsafe request, or nothing where there is no token. */
export type CsrfHeader = () => Promise<{ readonly [name: string]: string }>;

/** Of the Cookie Store API (https://cookiestore.spec.whatwg.org), which workers have: Chrome 87, Safari 18.4, Firefox 140. */
type CookieStore = { get(name: string): Promise<{ value?: string } | null> };

/** Laravel and Spring write the cookie in percent-encoding. */
const decoded = (value: string): string => {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
};

const cookieNamed = async (name: string): Promise<string | undefined> => {
  const { cookieStore } = globalThis as { cookieStore?: CookieStore };
  const value = (await cookieStore?.get(name).catch(() => undefined))?.value;
  return value === undefined ? undefined : decoded(value);
};

const escaped = (text: string): string => text.replaceAll(/[^\w]/g, String.raw`\$&`);
const ENTITIES: { readonly [entity: string]: string } = {
  '&amp;': '&',
  '&quot;': '"',
  '&#39;': "'",
  '&lt;': '<',
  '&gt;': '>',
};

/** Workers have no parser of HTML. Frameworks write this element themselves, on one line, with quoted attributes. */
export const metaIn = (html: string, name: string): string | undefined => {
  const element = new RegExp(`<meta\\s[^>]*\\bname=["']${escaped(name)}["'][^>]*>`, 'i').exec(html)?.[0];
  const content = element && /\bcontent=["']([^"']*)["']/i.exec(element)?.[1];
  return content?.replaceAll(/&(?:amp|quot|#39|lt|gt);/g, (entity) => ENTITIES[entity] ?? entity);
};

/**
 * The CSRF token of a site whose session is a cookie. Pages of the framework add it to their forms; requests of scripts,
 * and the keeper's own, carry it in a header.
 */
export const createCsrfHeader = (config: CsrfConfig, home: string): CsrfHeader => {
  const { header, cookie, meta, value, from } = config;
  const metaToken = async (name: string): Promise<string | undefined> => {
    const page = await fetch(home, { ...DIRECT_FETCH, credentials: 'include' }).catch(() => undefined);
    return page?.ok ? metaIn(await page.text(), name) : undefined;
  };
  const cookieToken = async (name: string): Promise<string | undefined> => {
    const found = await cookieNamed(name);
    if (found !== undefined || from === undefined) return found;
    await fetch(from, { ...DIRECT_FETCH, credentials: 'include' }).catch(() => undefined);
    return cookieNamed(name);
  };
  return async () => {
    const token =
      value ??
      (cookie === undefined ? undefined : await cookieToken(cookie)) ??
      (meta === undefined ? undefined : await metaToken(meta));
    return token === undefined ? {} : { [header]: token };
  };
};
