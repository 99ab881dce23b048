/** The deployment to examine, as the command line names it. */
export type Site = {
  /** The page's address from the command line. */
  url: URL;
  origin: string;
  /** The worker script. Browsers require the same origin. */
  worker: URL;
  isLocal: boolean;
};

/** An account for password sign-in. */
export type Credentials = { username: string; password: string };

/** What signs in where the session is a cookie: an account, a key, or both. */
export type CookieCredentials = Partial<Credentials> & { apiKey?: string | undefined };

const LOOPBACK = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Browsers treat these as secure contexts without https (W3C Secure Contexts §3.1). */
export const isLoopback = (url: URL): boolean => LOOPBACK.test(url.hostname);

/** `undefined` when `page` is no http(s) URL or `worker` has another origin. */
export const parseSite = (page: string, worker: string): Site | undefined => {
  if (!URL.canParse(page)) return undefined;
  const url = new URL(page);
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || !URL.canParse(worker, url.href)) return undefined;
  const script = new URL(worker, url);
  if (script.origin !== url.origin) return undefined;
  return { url, origin: url.origin, worker: script, isLocal: isLoopback(url) };
};
