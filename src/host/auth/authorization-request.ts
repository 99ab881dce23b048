import type { AuthorizationServer } from 'oauth4webapi';
import type { OidcConfig } from '../../protocol/sign-in-config.ts';
import type { ApiRule } from '../../protocol/start-config.ts';

type Params = { readonly [name: string]: string | undefined };

export const withParams = (endpoint: string, params: Params): string => {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(params)) if (value) url.searchParams.set(name, value);
  return url.href;
};

/** What makes the answer of the provider belong to this sign-in. Neither a page nor a configuration may change it. */
const RESERVED: ReadonlySet<string> = new Set([
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'dpop_jkt',
  'request',
  'request_uri',
]);

const withoutReserved = (params: Params): Params =>
  Object.fromEntries(Object.entries(params).filter(([name]) => !RESERVED.has(name)));

/**
 * The scopes of a sign-in. A provider that does not know `offline_access` may refuse the request because of it, as Google
 * does. So the keeper adds it only where the metadata list it, or where the site's own `scope` has it.
 */
export const scopesOf = ({ scope }: OidcConfig, { scopes_supported: listed }: AuthorizationServer): string =>
  scope ?? (listed?.includes('offline_access') ? 'openid profile offline_access' : 'openid profile');

/** `more`: the scopes of one sign-in, in addition. */
const joined = (scopes: string, more: string): string =>
  [...new Set([scopes, more].join(' ').split(/\s+/).filter(Boolean))].join(' ');

/**
 * After a sign-out the next person must not get the last one’s session at the provider, and no page may change that.
 * Microsoft Entra ID refuses two values of `prompt` (AADSTS90023). So beside a site's own `prompt`, `max_age` does the
 * same: each provider has to support it (OpenID Connect Core §15.1).
 */
const promptOf = ({ prompt, promptAfterSignOut }: OidcConfig, given: Params, hasLeft: boolean): Params => {
  if (!hasLeft) return { prompt: given['prompt'] ?? prompt };
  if (promptAfterSignOut !== undefined) return { prompt: promptAfterSignOut };
  return prompt === undefined || prompt === 'login' ? { prompt: 'login' } : { prompt, max_age: '0' };
};

export type AuthorizationRequest = {
  config: OidcConfig;
  as: AuthorizationServer;
  /** Parameters of the page for this sign-in. */
  given: Params;
  /** Whether the last person here has signed out. */
  hasLeft: boolean;
  /** The rules whose APIs have tokens of their own. */
  apis: readonly Pick<ApiRule, 'resource' | 'scope'>[];
  /** The parameters of the protocol. */
  protocol: Params;
};

/** The resources of all rules, each once. */
export const indicatorsOf = (apis: AuthorizationRequest['apis']): readonly string[] => [
  ...new Set(apis.flatMap(({ resource }) => resource ?? [])),
];

/** A provider grants only what the sign-in names (RFC 8707 §2.1). */
const withResources = (address: string, apis: AuthorizationRequest['apis']): string => {
  const url = new URL(address);
  const known = url.searchParams.getAll('resource');
  for (const resource of indicatorsOf(apis))
    if (!known.includes(resource)) url.searchParams.append('resource', resource);
  return url.href;
};

/** Microsoft Entra ID gives each API its own consent, so a scope without a resource is not part of the sign-in. */
const scopesOfResources = (apis: AuthorizationRequest['apis']): string =>
  apis.map(({ resource, scope }) => (resource === undefined ? '' : (scope ?? ''))).join(' ');

/** The address of the provider's page (RFC 6749 §4.1.1). */
export const authorizationUrl = ({ config, as, given, hasLeft, apis, protocol }: AuthorizationRequest): string => {
  const address = withParams(as.authorization_endpoint ?? config.issuer, {
    resource: config.resource,
    ...withoutReserved({ ...config.authorize, ...given }),
    scope: joined(scopesOf(config, as), `${given['scope'] ?? ''} ${scopesOfResources(apis)}`),
    ...promptOf(config, { ...config.authorize, ...given }, hasLeft),
    ...protocol,
  });
  return withResources(address, apis);
};
