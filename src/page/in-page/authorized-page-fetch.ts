/** On the function that a page gets: the one that was there before. Two copies of this library may run in a page. */
const FORMER = Symbol.for('session-keeper:former-fetch');

type PageFetch = typeof fetch & { [FORMER]?: typeof fetch };

/** The page's `fetch` without authorization. */
export const formerFetch = (): typeof fetch => {
  const current: PageFetch = globalThis.fetch;
  return (current[FORMER] ?? current).bind(globalThis);
};

/**
 * Makes the page's plain `fetch` authorized, as it is with a worker. Requests outside the allow-list go out as the page
 * sends them. Returns a function that ends this. Another script may have wrapped this function by then: it then passes
 * all requests on.
 */
export const authorizePageFetch = (
  former: typeof fetch,
  covers: (url: URL) => boolean,
  authorized: (request: Request) => Promise<Response>,
): (() => void) => {
  let isActive = true;
  const pageFetch: PageFetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, document.baseURI);
    return isActive && covers(url) ? authorized(new Request(input, init)) : former(input, init);
  };
  pageFetch[FORMER] = former;
  globalThis.fetch = pageFetch;
  return () => {
    isActive = false;
    if (globalThis.fetch === pageFetch) globalThis.fetch = former;
  };
};
