import { RETURN_SEARCH } from '../protocol/bridge/vault.ts';
import { parsedUrl } from '../page/util/parsed-url.ts';

/**
 * The address, if it is a page of a listed origin. Any other would make the vault an open redirector. A `blob:` URL has the
 * origin of its creator too (https://url.spec.whatwg.org/#concept-url-origin).
 */
export const returnAddress = (address: string | null | undefined, embedders: readonly string[]): string | undefined => {
  const url = parsedUrl(address ?? '');
  return url && embedders.includes(url.origin) && url.href.startsWith(`${url.origin}/`) ? url.href : undefined;
};

/** The path of the vault that leads on to a page of this embedder, after a sign-in. */
export const returnPath = (path: string, address: string | undefined, embedder: string): string => {
  const back = returnAddress(address, [embedder]) ?? embedder;
  return `${path}?${new URLSearchParams({ [RETURN_SEARCH]: back }).toString()}`;
};
