import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/**
 * The URL of a request (RFC 9112 §3.2); `undefined` for a target that is not a valid URL, such as `http://[` or `*`.
 * Any client can send such a target, so this function does not throw.
 */
export const requestTarget = ({ url = '' }: IncomingMessage): URL | undefined => {
  // A target that starts with two slashes is a path, not a URL with another host.
  const address = url.startsWith('/') ? `http://localhost${url}` : url;
  return URL.canParse(address) ? new URL(address) : undefined;
};

/** Whether the request is a navigation to a document. */
export const isDocumentNavigation = (method: string, headers: IncomingHttpHeaders): boolean => {
  const destination = headers['sec-fetch-dest'];
  const asksForHtml = (headers.accept ?? '').includes('text/html');
  return (
    (method === 'GET' || method === 'HEAD') && (destination === undefined ? asksForHtml : destination === 'document')
  );
};
