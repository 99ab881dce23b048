import { POPUP_CHANNEL } from '../../src/protocol/bridge/bridge-constants.ts';

/** Informs the page that opened this window, and closes it. The opener may be out of reach (COOP), a channel is not. */
const SCRIPT = `new BroadcastChannel(${JSON.stringify(POPUP_CHANNEL)}).postMessage(new URLSearchParams(location.search).get('id'));close()`;

const HTML = `<!doctype html><meta charset="utf-8"><title>✓</title><script>${SCRIPT}</script><p>You can close this window.</p>`;

const base64 = (bytes: ArrayBuffer): string => btoa(String.fromCodePoint(...new Uint8Array(bytes)));

/** The last document of a sign-in in a window of its own (`keeper.signIn(intent, { popup: true })`). */
export const popupPage = async (): Promise<Response> => {
  const hash = base64(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(SCRIPT)));
  const headers = {
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; script-src 'sha256-${hash}'; frame-ancestors 'none'`,
    'content-type': 'text/html; charset=utf-8',
  };
  return new Response(HTML, { headers });
};
