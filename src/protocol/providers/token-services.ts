import type { PasswordConfig } from '../sign-in-config.ts';

/*
 * Services that sign people in by an API of their own, without their SDK. Each function returns plain data for
 * `signIn.password`.
 */

/** No answer that is lost ends such a session: the token that was used last still works. */
const ALWAYS_MS = 86_400_000;

/**
 * Supabase Auth (https://supabase.com/docs/guides/auth/sessions). Any used refresh token works for 10 seconds more, and the one
 * that was used last works until its successor is used (https://github.com/supabase/auth). `key`: the publishable key.
 *
 * @example
 * import { providers } from 'session-keeper/config';
 * const password = providers.supabase({ url: 'https://abc.supabase.co', key: 'sb_publishable_abc' });
 */
export const supabase = ({ url, key }: { url: string; key: string }): PasswordConfig => {
  const auth = `${url.replace(/\/$/, '')}/auth/v1`;
  const headers = { apikey: key };
  return {
    login: {
      url: `${auth}/token?grant_type=password`,
      headers,
      body: { email: '{username}', password: '{password}' },
    },
    refresh: { url: `${auth}/token?grant_type=refresh_token`, headers, body: { refresh_token: '{refresh_token}' } },
    logout: {
      url: `${auth}/logout?scope=local`,
      headers: { ...headers, authorization: 'Bearer {access_token}' },
      body: {},
    },
    answer: { user: { sub: 'user.id', name: ['user.user_metadata.full_name', 'user.email'] } },
    reuseGraceMs: ALWAYS_MS,
    // https://supabase.com/docs/guides/auth/debugging/error-codes
    endsOn: [
      'refresh_token_not_found',
      'refresh_token_already_used',
      'session_not_found',
      'session_expired',
      'user_banned',
      'user_not_found',
    ],
  };
};

/**
 * Firebase Authentication (https://firebase.google.com/docs/reference/rest/auth). Its refresh tokens do not rotate, and only
 * a server with an admin key can end them. `apiKey`: the web API key of the project.
 *
 * @example
 * import { providers } from 'session-keeper/config';
 * const password = providers.firebase({ apiKey: 'abc' });
 */
export const firebase = ({ apiKey }: { apiKey: string }): PasswordConfig => ({
  login: {
    url: `https://identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=${apiKey}`,
    body: { email: '{username}', password: '{password}', returnSecureToken: true },
  },
  refresh: {
    url: `https://securetoken.googleapis.com/v1/token?key=${apiKey}`,
    encoding: 'form',
    body: { grant_type: 'refresh_token', refresh_token: '{refresh_token}' },
  },
  answer: {
    accessToken: ['idToken', 'id_token'],
    refreshToken: ['refreshToken', 'refresh_token'],
    expiresIn: ['expiresIn', 'expires_in'],
    user: { sub: ['localId', 'user_id'], name: ['displayName', 'email'] },
  },
  reuseGraceMs: ALWAYS_MS,
  endsOn: ['TOKEN_EXPIRED', 'USER_DISABLED', 'USER_NOT_FOUND', 'INVALID_REFRESH_TOKEN'],
});
