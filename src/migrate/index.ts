/** Goes on with the session of another library. */
export { importSession, type ImportResult } from './import-session.ts';
export {
  fromAuth0Spa,
  fromAxaOidcClient,
  fromKeycloak,
  fromMsal,
  fromOidcClientTs,
  type KeycloakSession,
  type ImportSource,
  type StoredSession,
} from './sources.ts';
