import { allowInsecureRequests, customFetch, type AuthorizationServer } from 'oauth4webapi';
import type { OidcConfig, ProviderMetadata } from '../../protocol/sign-in-config.ts';
import { isObject, parseJson } from '../../protocol/schema/json.ts';
import { looseObject, string } from '../../protocol/schema/schema.ts';
import { failed, ok, type Problem, type Result } from '../../protocol/problem.ts';
import { boundedFetch, DIRECT_FETCH, type HttpAnswer } from '../runtime/http.ts';
import { addressProblem, issuerProblem } from './set-up-problem.ts';
import { sendDirectly } from '../runtime/send-directly.ts';

const DISCOVERY_DEADLINE_MS = 10_000;
const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|\/|$)/;

/**
 * Options for oauth4webapi: no cache, no credentials, a deadline, and plain HTTP on loopback only. `origins`: those of the
 * provider and of the site, which may have the token endpoint.
 */
export const providerFetch = (origins: readonly string[], signal: AbortSignal) => ({
  [customFetch]: (url: string, init: object): Promise<Response> =>
    sendDirectly(url, { ...init, ...DIRECT_FETCH, credentials: 'omit', signal }),
  [allowInsecureRequests]: origins.some((each) => LOOPBACK.test(each)),
});

export type Discovery = {
  /** Where the metadata are. */
  readonly address: string;
  /** The provider's metadata. Fails when the provider does and no earlier metadata is known. */
  metadata(): Promise<Result<AuthorizationServer>>;
  /** An endpoint gave no OAuth answer. It may have moved, so the next call fetches the metadata again. */
  suspect(): void;
};

const METADATA_PATH = '/.well-known/openid-configuration';

const withoutSlash = (issuer: string): string => issuer.replace(/\/$/, '');

/** Microsoft Entra ID names its tenants by this, where the sign-in decides which one it is. */
export const TENANT = '{tenantid}';

/**
 * Providers differ in the slash at the end (https://auth0.com/docs/get-started/applications/configure-applications-with-oidc-discovery).
 * Metadata that the site names may have any issuer: the site's configuration says that it trusts them.
 */
const isExpected = (issuer: string, config: OidcConfig): boolean =>
  config.metadata !== undefined || issuer.includes(TENANT) || withoutSlash(issuer) === withoutSlash(config.issuer);

const METADATA = looseObject<AuthorizationServer & { issuer: string }>({
  issuer: string,
  authorization_endpoint: string,
  token_endpoint: string,
});

const judge = (config: OidcConfig, { at, status, text, retryAfterMs }: HttpAnswer): Result<AuthorizationServer> => {
  if (status === 429) return failed({ code: 'rate-limited', at, status, retryAfterMs });
  if (status >= 400) return failed({ code: 'server-unavailable', at, status, retryAfterMs });
  const body = parseJson(text);
  const metadata = METADATA.read(body);
  if (metadata && isExpected(metadata.issuer, config)) return ok(metadata);
  if (metadata) return failed(issuerProblem(at, status, metadata.issuer));
  // HTML is a captive portal's, or a page for each unknown path.
  return failed(isObject(body) ? addressProblem(at, status) : unreadable(at, status));
};

const unreadable = (at: string, status: number): Problem => ({
  code: 'unexpected-answer',
  at,
  status,
  detail: 'metadata',
});

/** Without what is absent, which would be in the way of a default. A path is one of the site's own server. */
const fromConfig = (metadata: ProviderMetadata, issuer: string, origin: string): AuthorizationServer => {
  const addresses = Object.entries(metadata).map(([name, value]): [string, unknown] =>
    name.endsWith('_endpoint') && typeof value === 'string' ? [name, new URL(value, origin).href] : [name, value],
  );
  const stated = Object.fromEntries(addresses.filter(([, value]) => value !== undefined));
  return { issuer, ...METADATA.read({ issuer, ...stated }) };
};

/** Fetches the provider's metadata (OpenID Connect Discovery 1.0 §4), if the configuration does not have them. */
export const createDiscovery = (config: OidcConfig, origin: string, now: () => number): Discovery => {
  const { issuer, metadata } = config;
  const address = typeof metadata === 'string' ? metadata : withoutSlash(issuer) + METADATA_PATH;
  let known: Promise<Result<AuthorizationServer>> | undefined;
  let former: Result<AuthorizationServer> | undefined;
  const discover = async (): Promise<Result<AuthorizationServer>> => {
    if (typeof metadata === 'object') return ok(fromConfig(metadata, issuer, origin));
    const answer = await boundedFetch(
      (signal) => sendDirectly(address, { ...DIRECT_FETCH, credentials: 'omit', signal }),
      address,
      { origin, deadlineMs: DISCOVERY_DEADLINE_MS, now },
    );
    return answer.ok ? judge(config, answer.value) : answer;
  };
  const suspect = (): void => {
    known = undefined;
  };
  return {
    address,
    async metadata() {
      const found = await (known ??= discover());
      if (found.ok) return (former = found);
      suspect();
      return former ?? found;
    },
    suspect,
  };
};
