/** What each peer is configured with: the provider that the document names, and the address to which it sends users back. */
export const PEER_SETTINGS = {
  authority: document.documentElement.dataset['issuer'] ?? '',
  client_id: 'session-keeper',
  redirect_uri: `${location.origin}/auth/callback`,
  scope: 'openid profile offline_access api',
};

/** Where site.ts sends the user on from that address. */
export const noteReturn = (): void => localStorage.setItem('bench', location.pathname);

export const isReturn = (): boolean => new URLSearchParams(location.search).has('code');

/** The bench starts each page with the search of its subjects. */
export const forgetReturn = (): void => history.replaceState(null, '', '?idle');
