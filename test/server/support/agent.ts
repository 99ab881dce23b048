import * as oauth from 'oauth4webapi';
import type { RunningServer } from '../../../server/server.ts';

/** A browser for the provider's pages: it keeps cookies, follows redirects, and submits forms. */
export class UserAgent {
  readonly #cookies = new Map<string, string>();

  async open(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('accept', 'text/html');
    headers.set('cookie', [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }

  /** Follows redirects until a page, or until a URL that starts with `stopAt`. */
  async follow(url: string, stopAt: string, init?: RequestInit): Promise<{ url: string; page?: Response }> {
    let current = url;
    let response = await this.open(current, init);
    for (;;) {
      const location = response.headers.get('location');
      if (location === null) return { url: current, page: response };
      current = new URL(location, current).href;
      if (current.startsWith(stopAt)) return { url: current };
      response = await this.open(current);
    }
  }

  submit(url: string, stopAt: string, fields: Record<string, string>): Promise<{ url: string; page?: Response }> {
    return this.follow(url, stopAt, { method: 'POST', body: new URLSearchParams(fields) });
  }
}

const INSECURE = { [oauth.allowInsecureRequests]: true };

export type Tokens = { access: string; refresh: string; expiresIn: number; scope: string | undefined };
/** Result of a token request: tokens, or the OAuth error code. */
export type TokenResult = { ok: true; tokens: Tokens } | { ok: false; error: string };

/** A standard client of the provider on `oauth4webapi`: discovery, PKCE, DPoP with nonces. */
export class OidcClient {
  readonly browser = new UserAgent();
  readonly callback: string;
  readonly dpop: oauth.DPoPHandle | undefined;
  readonly keys: oauth.CryptoKeyPair | undefined;
  readonly #as: oauth.AuthorizationServer;
  readonly #client: oauth.Client = { client_id: 'session-keeper' };

  private constructor(as: oauth.AuthorizationServer, callback: string, keys: oauth.CryptoKeyPair | undefined) {
    this.#as = as;
    this.callback = callback;
    this.keys = keys;
    this.dpop = keys && oauth.DPoP(this.#client, keys);
  }

  static async create(
    server: Pick<RunningServer, 'url' | 'issuer'>,
    options: { dpop?: boolean } = {},
  ): Promise<OidcClient> {
    const issuer = new URL(server.issuer);
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, INSECURE));
    const keys = options.dpop === false ? undefined : await oauth.generateKeyPair('ES256', { extractable: true });
    return new OidcClient(as, `${server.url}/auth/callback`, keys);
  }

  get metadata(): oauth.AuthorizationServer {
    return this.#as;
  }

  async authorizationUrl(
    extra: Record<string, string> = {},
  ): Promise<{ url: string; verifier: string; state: string }> {
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(this.#as.authorization_endpoint ?? '');
    const parameters = {
      client_id: this.#client.client_id,
      redirect_uri: this.callback,
      response_type: 'code',
      scope: 'openid profile offline_access',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      ...extra,
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return { url: url.href, verifier, state };
  }

  /** The whole sign-in with the form. */
  async signIn(username = 'demo', password = 'demo'): Promise<Tokens> {
    const { url, verifier, state } = await this.authorizationUrl();
    const form = await this.browser.follow(url, this.callback);
    const fields =
      form.url.includes('/sign-in/') && username === '' ? { do: 'continue' } : { do: 'sign-in', username, password };
    const back = await this.browser.submit(form.url, this.callback, fields);
    return this.exchange(back.url, verifier, state);
  }

  async exchange(callbackUrl: string, verifier: string, state: string): Promise<Tokens> {
    const parameters = oauth.validateAuthResponse(this.#as, this.#client, new URL(callbackUrl), state);
    const send = () =>
      oauth.authorizationCodeGrantRequest(
        this.#as,
        this.#client,
        oauth.None(),
        parameters,
        this.callback,
        verifier,
        this.#options(),
      );
    const process = async (response: Response) =>
      oauth.processAuthorizationCodeResponse(this.#as, this.#client, response);
    return tokensOf(await this.#withNonce(send, process));
  }

  async refresh(refreshToken: string): Promise<TokenResult> {
    const send = () =>
      oauth.refreshTokenGrantRequest(this.#as, this.#client, oauth.None(), refreshToken, this.#options());
    const process = async (response: Response) => oauth.processRefreshTokenResponse(this.#as, this.#client, response);
    try {
      return { ok: true, tokens: tokensOf(await this.#withNonce(send, process)) };
    } catch (error) {
      if (error instanceof oauth.ResponseBodyError) return { ok: false, error: error.error };
      throw error;
    }
  }

  async revoke(token: string): Promise<void> {
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(this.#as, this.#client, oauth.None(), token, INSECURE),
    );
  }

  /** A request to the API with the access token. Repeats it when the server requires a nonce. */
  async api(
    url: string,
    token: string,
    init: { method?: string; body?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const headers = new Headers(init.headers);
    const send = () =>
      oauth.protectedResourceRequest(
        token,
        init.method ?? 'GET',
        new URL(url),
        headers,
        init.body ?? null,
        this.#options(),
      );
    try {
      return await send();
    } catch (error) {
      if (oauth.isDPoPNonceError(error)) return send();
      if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response;
      throw error;
    }
  }

  #options(): { DPoP?: oauth.DPoPHandle; [oauth.allowInsecureRequests]: boolean } {
    return this.dpop ? { ...INSECURE, DPoP: this.dpop } : INSECURE;
  }

  async #withNonce(
    send: () => Promise<Response>,
    process: (response: Response) => Promise<oauth.TokenEndpointResponse>,
  ) {
    try {
      return await process(await send());
    } catch (error) {
      if (!oauth.isDPoPNonceError(error)) throw error;
      return process(await send());
    }
  }
}

const tokensOf = (response: oauth.TokenEndpointResponse): Tokens => ({
  access: response.access_token,
  refresh: response.refresh_token ?? '',
  expiresIn: response.expires_in ?? 0,
  scope: response.scope,
});
