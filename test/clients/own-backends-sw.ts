/** The worker of a site whose people sign in by code of the site's own. */
import { defineSignIn, keepSession } from '../../sw/index.ts';
import { takeInjectedConfig } from '../../sw/parts/injected-config.ts';

/** A form login. The refresh token is in an HttpOnly cookie, and the access token in the answer. */
const inCookie = defineSignIn({
  name: 'in-cookie',
  refreshToken: 'cookie',
  async signIn(credentials, http) {
    const body = { mail: '{mail}', secret: '{secret}' };
    const given = await http.send({ url: '/cookie/session', encoding: 'form', body }, credentials);
    if (given.status !== 200) return given;
    const sub = given.textAt('user.id') ?? '';
    return {
      accessToken: given.textAt('access.token'),
      expiresIn: 600,
      user: { sub, name: given.textAt('user.mail') },
    };
  },
  async refresh(_tokens, http) {
    const given = await http.send('/cookie/session/renew');
    return given.status === 200 ? { accessToken: given.textAt('access.token'), expiresIn: 600 } : given;
  },
  signOut: (_tokens, http) => http.send({ url: '/cookie/session', method: 'DELETE' }),
});

/** One token that no one renews. */
const tokenOnly = defineSignIn({
  name: 'token-only',
  async signIn(credentials, http) {
    const given = await http.send({ url: '/token/session', body: { code: '{code}' } }, credentials);
    return given.status === 200 ? { accessToken: given.textAt('token'), expiresIn: 600 } : given;
  },
  user: async ({ accessToken }, http) => {
    const headers = { authorization: `Bearer ${accessToken}` };
    const given = await http.send({ url: '/token/who', method: 'GET', headers });
    return { sub: given.textAt('id') ?? '' };
  },
  signOut: ({ accessToken }, http) => http.send('/token/session/end', { accessToken }),
});

keepSession({ ...takeInjectedConfig(), signIn: [inCookie, tokenOnly], takeOver: true });
