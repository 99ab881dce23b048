/** What is examined. */
export type Target = {
  /** The page, as given. */
  url: URL;
  origin: string;
  /** The worker script; same origin, as browsers demand. */
  worker: URL;
  isLocal: boolean;
};

/** Someone to sign in as, by the password kind. */
export type Account = { username: string; password: string };

const LOOPBACK = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Browsers treat these as secure contexts without https (W3C Secure Contexts §3.1). */
export const isLoopback = (url: URL): boolean => LOOPBACK.test(url.hostname);

/** `undefined`: not an http(s) URL, or a worker on another origin. */
export const parseTarget = (page: string, worker: string): Target | undefined => {
  if (!URL.canParse(page)) return undefined;
  const url = new URL(page);
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || !URL.canParse(worker, url.href)) return undefined;
  const script = new URL(worker, url);
  if (script.origin !== url.origin) return undefined;
  return { url, origin: url.origin, worker: script, isLocal: isLoopback(url) };
};
