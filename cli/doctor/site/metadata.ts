import type { OidcConfig } from '../../../src/protocol/sign-in-config.ts';
import { isObject, own, parseJson, stringAt } from '../../../src/protocol/schema/json.ts';

/** The fields of OpenID Connect Discovery 1.0 §3 and RFC 8414 §2 that a keeper needs. */
export type Metadata = {
  issuer: string;
  authorization: string;
  token: string;
  revocation: string | undefined;
  pkce: readonly string[];
  dpop: readonly string[];
  sendsIssuer: boolean;
};

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

const urlOrNothing = (value: string | undefined): string | undefined =>
  value !== undefined && URL.canParse(value) ? value : undefined;

export const parseMetadata = (text: string): Metadata | undefined => {
  const body = parseJson(text);
  if (!isObject(body)) return undefined;
  const issuer = stringAt(body, 'issuer');
  const authorization = urlOrNothing(stringAt(body, 'authorization_endpoint'));
  const token = urlOrNothing(stringAt(body, 'token_endpoint'));
  if (issuer === undefined || authorization === undefined || token === undefined) return undefined;
  return {
    issuer,
    authorization,
    token,
    revocation: urlOrNothing(stringAt(body, 'revocation_endpoint')),
    pkce: texts(own(body, 'code_challenge_methods_supported')),
    dpop: texts(own(body, 'dpop_signing_alg_values_supported')),
    sendsIssuer: own(body, 'authorization_response_iss_parameter_supported') === true,
  };
};

const withoutSlash = (issuer: string): string => issuer.replace(/\/$/, '');

/** The path of the issuer comes before `/.well-known` (OpenID Connect Discovery 1.0 §4.1), unless the site names another. */
export const metadataUrl = ({ issuer, metadata }: OidcConfig): string =>
  typeof metadata === 'string' ? metadata : `${withoutSlash(issuer)}/.well-known/openid-configuration`;

/** Whether the worker takes these metadata for those of the configured issuer (src/host/auth/discovery.ts). */
export const isExpectedIssuer = (stated: string, { issuer, metadata }: OidcConfig): boolean =>
  metadata !== undefined || stated.includes('{tenantid}') || withoutSlash(stated) === withoutSlash(issuer);
