import { isObject, parseJson, type JsonObject } from '../../protocol/schema/json.ts';

/**
 * The claims of an ID token, or an empty object. TLS to the token endpoint proves them as well as the signature would
 * (OpenID Connect Core §3.1.3.7).
 */
export const claimsIn = (idToken: unknown): JsonObject => {
  const [, claims = ''] = String(idToken).split('.');
  try {
    const bytes = Uint8Array.from(atob(claims.replaceAll('-', '+').replaceAll('_', '/')), (each) => each.charCodeAt(0));
    const parsed = parseJson(new TextDecoder().decode(bytes));
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
};
