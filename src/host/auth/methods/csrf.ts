import type { CsrfConfig } from '../../../protocol/sign-in-config.ts';
import { changedRequest } from '../../runtime/changed-request.ts';
import { DIRECT_FETCH } from '../../runtime/http.ts';
import { sendDirectly } from '../../runtime/send-directly.ts';

export type Csrf = {
  /** The header of an unsafe request, or nothing where there is no token. */
  header(): Promise<{ readonly [name: string]: string }>;
  /** Sends a request of a page, with the header if it is unsafe and goes to this origin. */
  send(request: Request): Promise<Response>;
};

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

/** The methods that change nothing (RFC 9110 §9.2.1). No framework wants a token for them. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** How frameworks refuse a token that is too old: Django 403, Laravel 419, Rails 422. */
const REFUSED: ReadonlySet<number> = new Set([403, 419, 422]);

/**
 * The CSRF token of a site whose session is a cookie. Pages of the framework add it to their forms. Requests of scripts,
 * and the keeper's own, carry it in a header. `home`: the path of the document with the `<meta>`.
 */
export const createCsrf = (config: CsrfConfig, { origin, home }: { origin: string; home: string }): Csrf => {
  const { header: name, cookie, meta, value, from } = config;
  let known: Promise<string | undefined> | undefined;

  const fetchMeta = async (element: string): Promise<string | undefined> => {
    const page = await sendDirectly(home, { ...DIRECT_FETCH, credentials: 'include' }).catch(() => undefined);
    const found = page?.ok ? metaIn(await page.text(), element) : undefined;
    if (found === undefined) known = undefined;
    return found;
  };
  const cookieToken = async (cookieName: string): Promise<string | undefined> => {
    const found = await cookieNamed(cookieName);
    if (found !== undefined || from === undefined) return found;
    await sendDirectly(from, { ...DIRECT_FETCH, credentials: 'include' }).catch(() => undefined);
    return cookieNamed(cookieName);
  };
  const token = async (): Promise<string | undefined> => {
    const found = value ?? (cookie === undefined ? undefined : await cookieToken(cookie));
    return found ?? (meta === undefined ? undefined : (known ??= fetchMeta(meta)));
  };
  const header = async (): Promise<{ readonly [name: string]: string }> => {
    const found = await token();
    return found === undefined ? {} : { [name]: found };
  };
  return {
    header,
    async send(request) {
      const isOurs = new URL(request.url).origin === origin;
      if (SAFE.has(request.method) || !isOurs || request.headers.has(name)) return sendDirectly(request);
      const headers = new Headers(request.headers);
      for (const [each, text] of Object.entries(await header())) headers.set(each, text);
      const response = await sendDirectly(changedRequest(request, { headers }));
      if (REFUSED.has(response.status)) known = undefined;
      return response;
    },
  };
};
