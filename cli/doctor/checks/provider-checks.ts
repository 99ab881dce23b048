import { createHash, randomBytes } from 'node:crypto';
import type { Context } from '../site/context.ts';
import type { OidcConfig } from '../../../src/protocol/sign-in-config.ts';
import { UNKNOWN_CONFIG } from '../site/deployment.ts';
import { header, NAVIGATION, type HttpResponse } from '../site/http-request.ts';
import { isExpectedIssuer, metadataUrl, parseMetadata, type Metadata } from '../site/metadata.ts';
import { isLoopback } from '../site/target.ts';
import { fail, pass, skipped, warn, type Finding, type DoctorCheck } from './check.ts';

const group = 'Identity provider';
const NO_PROVIDER = 'There is no OpenID sign-in.';
const NO_METADATA = 'The metadata cannot be read (see above).';

type OidcCheck = (context: Context, oidc: OidcConfig) => Promise<Finding>;
const withOidc =
  (check: OidcCheck) =>
  async (context: Context): Promise<Finding> => {
    const deployment = await context.deployment();
    if (!deployment) return skipped(UNKNOWN_CONFIG);
    return deployment.oidc ? check(context, deployment.oidc) : skipped(NO_PROVIDER);
  };

const withMetadata = (check: (metadata: Metadata, context: Context, oidc: OidcConfig) => Finding | Promise<Finding>) =>
  withOidc(async (context, oidc) => {
    const metadata = await context.metadata();
    return metadata ? check(metadata, context, oidc) : skipped(NO_METADATA);
  });

const origin: DoctorCheck = {
  id: 'provider-origin',
  title: 'The provider has its own origin',
  group,
  run: withOidc(async ({ site }, oidc) => {
    const issuer = new URL(oidc.issuer);
    if (issuer.origin === site.origin)
      return fail(
        `provider and application share ${issuer.origin}`,
        'Any script of the application can fetch an authorization code from the provider and read it.',
        'Give the provider its own host name (or port).',
      );
    if (issuer.protocol !== 'https:' && !isLoopback(issuer))
      return fail(
        'the issuer is not https',
        'Codes and tokens are sent unencrypted.',
        'Serve the provider over https.',
      );
    return pass(issuer.origin);
  }),
};

const metadata: DoctorCheck = {
  id: 'provider-metadata',
  title: 'The metadata matches the configuration',
  group,
  run: withOidc(async (context, oidc) => {
    const url = metadataUrl(oidc);
    const fix = `Check the issuer in the configuration; ${url} must answer 200 with JSON whose "issuer" is exactly the same string.`;
    const found = await context.metadata();
    if (!found) {
      const outcome = await context.send(url, { headers: { accept: 'application/json' } });
      const what = outcome.type === 'no-response' ? outcome.detail : String(outcome.response.status);
      const shape = outcome.type === 'response' && !parseMetadata(outcome.response.body) ? ', not usable metadata' : '';
      return fail(`${url}: ${what}${shape}`, 'No one can sign in or refresh while the worker cannot read it.', fix);
    }
    if (isExpectedIssuer(found.issuer, oidc)) return pass(found.issuer);
    return fail(
      `the metadata say ${found.issuer}, the configuration says ${oidc.issuer}`,
      'The worker rejects metadata of another issuer (OpenID Connect Discovery §4.3), so no one can sign in.',
      fix,
    );
  }),
};

const allowsOrigin = (answer: HttpResponse, wanted: string): boolean =>
  ['*', wanted].includes(header(answer, 'access-control-allow-origin'));

const cors: DoctorCheck = {
  id: 'provider-cors',
  title: 'CORS lets the worker call the provider',
  group,
  run: withMetadata(async (found, context, oidc) => {
    const from = context.site.origin;
    const why = 'The browser hides the response from the worker, so the worker can neither sign in nor refresh.';
    const fix = `Allow ${from} at the provider for this client (CORS), with the methods GET, POST and the header DPoP.`;
    const document = await context.request(metadataUrl(oidc), { headers: { origin: from } });
    if (!allowsOrigin(document, from)) return fail(`the metadata do not allow ${from}`, why, fix);
    const wants = found.dpop.length > 0 ? 'dpop' : 'content-type';
    const preflight = await context.request(found.token, {
      method: 'OPTIONS',
      headers: { origin: from, 'access-control-request-method': 'POST', 'access-control-request-headers': wants },
    });
    const names = header(preflight, 'access-control-allow-headers').toLowerCase();
    const isNamed = wants === 'content-type' || names === '*' || names.includes(wants);
    if (allowsOrigin(preflight, from) && isNamed) return pass('metadata and token endpoint');
    return fail(`the token endpoint does not allow ${wants} from ${from}`, why, fix);
  }),
};

const pkce: DoctorCheck = {
  id: 'provider-pkce',
  title: 'The provider supports PKCE',
  group,
  run: withMetadata((found) =>
    found.pkce.includes('S256')
      ? pass('S256')
      : fail(
          `code_challenge_methods_supported is ${found.pkce.join(', ') || 'missing'}`,
          'Without PKCE, an attacker needs only a stolen code to get tokens (RFC 9700 §2.1.1).',
          'Require PKCE with S256 for this client, and list it in the metadata.',
        ),
  ),
};

/** The DPoP algorithms (RFC 9449 §4.2) that WebCrypto in browsers can sign with. */
const USABLE = new Set(['ES256', 'ES384', 'ES512', 'PS256', 'RS256', 'Ed25519', 'EdDSA']);

const dpop: DoctorCheck = {
  id: 'provider-dpop',
  title: 'The provider binds tokens to a key (DPoP)',
  group,
  run: withMetadata(({ dpop: algorithms }) =>
    algorithms.some((name) => USABLE.has(name))
      ? pass(algorithms.join(', '))
      : warn(
          algorithms.length === 0 ? 'no DPoP' : `DPoP with ${algorithms.join(', ')} only`,
          'A leaked token works from anywhere, and the tier stays "compatible" unless the worker is sealed.',
          'Turn on DPoP with ES256 at the provider, if it supports it.',
        ),
  ),
};

const revocation: DoctorCheck = {
  id: 'provider-revocation',
  title: 'The provider can revoke tokens',
  group,
  run: withMetadata((found) =>
    found.revocation === undefined
      ? warn(
          'no revocation_endpoint',
          'After a sign-out, a copied refresh token still works at the provider.',
          'Turn on token revocation (RFC 7009), and let the public client use it.',
        )
      : pass(found.revocation),
  ),
};

const issuerParameter: DoctorCheck = {
  id: 'provider-iss',
  title: 'Authorization responses name the issuer',
  group,
  run: withMetadata((found) =>
    found.sendsIssuer
      ? pass('iss in the authorization response')
      : warn(
          'authorization_response_iss_parameter_supported is not true',
          'With several providers, an attacker can pass off a code of one as a code of another (RFC 9207).',
          'Turn on the iss parameter, if the provider supports it.',
        ),
  ),
};

const authorize = async (
  context: Context,
  { authorization }: Metadata,
  oidc: OidcConfig,
  callback: URL,
): Promise<HttpResponse> => {
  const url = new URL(authorization);
  const challenge = createHash('sha256').update(randomBytes(32)).digest('base64url');
  const parameters = {
    client_id: oidc.clientId,
    redirect_uri: callback.href,
    response_type: 'code',
    scope: oidc.scope ?? 'openid profile',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: randomBytes(12).toString('base64url'),
    prompt: 'none',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return context.request(url.href, { headers: NAVIGATION });
};

/** The parameters of the redirect, when the response redirects to `callback`. */
const returnTo = (answer: HttpResponse, callback: URL): URLSearchParams | undefined => {
  const location = header(answer, 'location');
  if (location === '' || !URL.canParse(location, answer.url)) return undefined;
  const url = new URL(location, answer.url);
  if (url.origin !== callback.origin || url.pathname !== callback.pathname) return undefined;
  return url.search === '' ? new URLSearchParams(url.hash.slice(1)) : url.searchParams;
};

const REFUSALS = new Set(['interaction_required', 'login_required', 'consent_required', 'account_selection_required']);

const silentSignIn: DoctorCheck = {
  id: 'provider-silent',
  title: 'A silent sign-in gets no code',
  group,
  run: withMetadata(async (found, context, oidc) => {
    const callback = new URL(oidc.callback, context.site.origin);
    const answer = await authorize(context, found, oidc, callback);
    const back = returnTo(answer, callback);
    const error = back?.get('error') ?? '';
    if (back?.has('code'))
      return fail(
        'prompt=none, without any session, is answered with a code',
        'Any script that reaches the callback can sign in without the user.',
        'Require interaction for this client. Check the test and impersonation modes of the provider.',
      );
    if (REFUSALS.has(error)) return pass(`${error}, without a session. The answer for a signed-in user is not known`);
    if (back)
      return warn(
        `prompt=none is answered with error=${error || 'nothing'}`,
        'The client at the provider does not allow what the worker requests.',
        `Compare client_id "${oidc.clientId}" and scope "${oidc.scope ?? 'openid profile'}" with the client at the provider.`,
      );
    return fail(
      `the request ends with ${answer.status} and does not return to ${callback.href}`,
      'The provider does not know this client with this callback, so no one can sign in.',
      `Register ${callback.href} as redirect URI of client "${oidc.clientId}".`,
    );
  }),
};

const exactRedirect: DoctorCheck = {
  id: 'provider-redirect',
  title: 'The provider redirects only to the callback',
  group,
  run: withMetadata(async (found, context, oidc) => {
    const callback = new URL(`${oidc.callback.replace(/\/$/, '')}/elsewhere`, context.site.origin);
    const answer = await authorize(context, found, oidc, callback);
    if (!returnTo(answer, callback)) return pass(`${answer.status} for another path`);
    return fail(
      `it also redirects to ${callback.pathname}`,
      'An attacker can redirect a code to a page without the protection of the callback (RFC 9700 §2.1).',
      'Register the exact redirect URI, without a wildcard.',
    );
  }),
};

export const PROVIDER_CHECKS: readonly DoctorCheck[] = [
  origin,
  metadata,
  cors,
  pkce,
  dpop,
  revocation,
  issuerParameter,
  silentSignIn,
  exactRedirect,
];
