import { isObject, own, parseJson, stringAt } from '../protocol/schema/json.ts';

/** The session of another library, as it left it. `remove` takes it out of where it was. */
export type StoredSession = { readonly refreshToken: string; remove(): void };

/** Looks for the session of another library. It reads only. */
export type ImportSource = () => StoredSession | undefined;

/** The web storage of this page. Its getters throw where the browser has switched it off. */
const storages = (): readonly Storage[] =>
  [() => sessionStorage, () => localStorage].flatMap((get) => {
    try {
      const storage = get() as Storage | undefined;
      return storage ? [storage] : [];
    } catch {
      return [];
    }
  });

const keysOf = (storage: Storage): readonly string[] =>
  Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '');

const valueAt = (storage: Storage, key: string): unknown => parseJson(storage.getItem(key) ?? '');

type Entry = { storage: Storage; key: string; value: unknown };

const entries = (isOurs: (key: string) => boolean): readonly Entry[] =>
  storages().flatMap((storage) =>
    keysOf(storage)
      .filter(isOurs)
      .map((key) => ({ storage, key, value: valueAt(storage, key) })),
  );

/** A library writes one session to one storage. If there are several, the first one that has a refresh token counts. */
const sessionIn = (
  found: readonly Entry[],
  tokenOf: (value: unknown) => string | undefined,
): StoredSession | undefined => {
  const refreshToken = found.map(({ value }) => tokenOf(value)).find((token) => token !== undefined && token !== '');
  if (refreshToken === undefined) return undefined;
  return { refreshToken, remove: () => found.forEach(({ storage, key }) => storage.removeItem(key)) };
};

const textAt = (value: unknown, name: string): string | undefined =>
  isObject(value) ? stringAt(value, name) : undefined;

/**
 * The session of oidc-client-ts, with the `authority` and `clientId` of its `UserManager`. `prefix`: that of its
 * `WebStorageStateStore`, default `oidc.`.
 *
 * @example
 * import { fromOidcClientTs } from 'session-keeper/migrate';
 * export const source = fromOidcClientTs({ authority: 'https://id.example', clientId: 'web' });
 */
export const fromOidcClientTs =
  ({ authority, clientId, prefix = 'oidc.' }: { authority: string; clientId: string; prefix?: string }): ImportSource =>
  () =>
    sessionIn(
      entries((key) => key === `${prefix}user:${authority}:${clientId}`),
      (user) => textAt(user, 'refresh_token'),
    );

/** With its service worker, the library leaves such a text in the page instead of the token. */
const AXA_PLACEHOLDER = /SECURED_BY_OIDC_SERVICE_WORKER/;

/**
 * The session of @axa-fr/oidc-client without its service worker. With that worker the token is in the memory of the
 * worker only, so there is nothing to import. `name`: its configuration name, default `default`.
 *
 * @example
 * import { fromAxaOidcClient } from 'session-keeper/migrate';
 * export const source = fromAxaOidcClient();
 */
export const fromAxaOidcClient =
  ({ name = 'default' }: { name?: string } = {}): ImportSource =>
  () =>
    sessionIn(
      entries((key) => key === `oidc.${name}`),
      (session) => {
        const token = isObject(session) ? textAt(own(session, 'tokens'), 'refreshToken') : undefined;
        return token !== undefined && AXA_PLACEHOLDER.test(token) ? undefined : token;
      },
    );

/**
 * The session of auth0-spa-js with `cacheLocation: 'localstorage'`. In its default, the memory, there is nothing to import.
 *
 * @example
 * import { fromAuth0Spa } from 'session-keeper/migrate';
 * export const source = fromAuth0Spa({ clientId: 'web' });
 */
export const fromAuth0Spa =
  ({ clientId }: { clientId: string }): ImportSource =>
  () =>
    sessionIn(
      entries((key) => key.startsWith(`@@auth0spajs@@::${clientId}::`)),
      (entry) => (isObject(entry) ? textAt(own(entry, 'body'), 'refresh_token') : undefined),
    );

/** The part of a keycloak-js instance that has the session. */
export type KeycloakSession = { refreshToken?: string | undefined };

/**
 * The session of an instance of keycloak-js, after its `init()`. That library keeps tokens in memory, so import it in a page
 * that still starts it.
 *
 * @example
 * import { fromKeycloak } from 'session-keeper/migrate';
 * export const source = fromKeycloak({ refreshToken: 'of your keycloak instance' });
 */
export const fromKeycloak =
  (keycloak: KeycloakSession): ImportSource =>
  () => {
    const { refreshToken } = keycloak;
    if (refreshToken === undefined || refreshToken === '') return undefined;
    const remove = (): void => {
      // Without it, the instance does not refresh, and so does not use the token a second time.
      keycloak.refreshToken = undefined;
    };
    return { refreshToken, remove };
  };

/**
 * The session of msal-browser in `sessionStorage`, and in `localStorage` up to its version 3. Later versions encrypt what
 * they write to `localStorage`, so there is nothing to import.
 *
 * @example
 * import { fromMsal } from 'session-keeper/migrate';
 * export const source = fromMsal({ clientId: '00000000-0000-0000-0000-000000000000' });
 */
export const fromMsal =
  ({ clientId }: { clientId: string }): ImportSource =>
  () => {
    const ofClient = entries(() => true).filter(
      ({ key, value }) =>
        (textAt(value, 'clientId') === clientId && textAt(value, 'credentialType') !== undefined) ||
        key.endsWith(`.token.keys.${clientId}`),
    );
    return sessionIn(ofClient, (value) =>
      textAt(value, 'credentialType') === 'RefreshToken' ? textAt(value, 'secret') : undefined,
    );
  };
