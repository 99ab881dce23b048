import { createHash, randomBytes } from 'node:crypto';
import type { Oidc } from '../site/deployment.ts';
import { header, NAVIGATION, type Answer } from '../site/http.ts';
import { metadataUrl, parseMetadata, type Metadata } from '../site/metadata.ts';
import { isLoopback } from '../site/target.ts';
import { fail, fine, skipped, UNKNOWN_CONFIG, warn, type Finding } from '../site/finding.ts';
import type { Check, Context } from '../site/types.ts';

const group = 'Identity provider';
const NO_PROVIDER = 'There is no OpenID sign-in.';
const NO_METADATA = 'The metadata cannot be read (see above).';

type With = (context: Context, oidc: Oidc) => Promise<Finding>;
const withOidc =
  (work: With) =>
  async (context: Context): Promise<Finding> => {
    const deployment = await context.deployment();
    if (!deployment) return skipped(UNKNOWN_CONFIG);
    return deployment.oidc ? work(context, deployment.oidc) : skipped(NO_PROVIDER);
  };

const withMetadata = (work: (metadata: Metadata, context: Context, oidc: Oidc) => Finding | Promise<Finding>) =>
  withOidc(async (context, oidc) => {
    const metadata = await context.metadata();
    return metadata ? work(metadata, context, oidc) : skipped(NO_METADATA);
  });

const origin: Check = {
  id: 'provider-origin',
  title: 'It has an origin of its own',
  group,
  run: withOidc(async ({ target }, oidc) => {
    const issuer = new URL(oidc.issuer);
    if (issuer.origin === target.origin)
      return fail(
        `provider and application share ${issuer.origin}`,
        'Any script of the application can fetch an authorization code from the provider and read it.',
        'Give the provider a host name (or port) of its own.',
      );
    if (issuer.protocol !== 'https:' && !isLoopback(issuer))
      return fail('the issuer is not https', 'Codes and tokens travel in the open.', 'Serve the provider over https.');
    return fine(issuer.origin);
  }),
};

const metadata: Check = {
  id: 'provider-metadata',
  title: 'Its metadata is right',
  group,
  run: withOidc(async (context, oidc) => {
    const url = metadataUrl(oidc.issuer);
    const mend = `Check the issuer in the configuration; ${url} must answer 200 with JSON whose "issuer" is the very same string.`;
    const found = await context.metadata();
    if (!found) {
      const outcome = await context.probe(url, { headers: { accept: 'application/json' } });
      const what = outcome.type === 'silent' ? outcome.detail : String(outcome.answer.status);
      const shape = outcome.type === 'answer' && !parseMetadata(outcome.answer.body) ? ', not usable metadata' : '';
      return fail(`${url}: ${what}${shape}`, 'Nobody can sign in or refresh while the worker cannot read it.', mend);
    }
    if (found.issuer === oidc.issuer) return fine(found.issuer);
    return fail(
      `it calls itself ${found.issuer}, the configuration says ${oidc.issuer}`,
      'The worker refuses metadata of another issuer (OpenID Connect Discovery §4.3), so nobody can sign in.',
      mend,
    );
  }),
};

const allowsOrigin = (answer: Answer, wanted: string): boolean =>
  ['*', wanted].includes(header(answer, 'access-control-allow-origin'));

const cors: Check = {
  id: 'provider-cors',
  title: 'The worker may talk to it',
  group,
  run: withMetadata(async (found, context, oidc) => {
    const from = context.target.origin;
    const why = 'The browser hides the answer from the worker, which can then neither sign in nor refresh.';
    const mend = `Allow ${from} at the provider for this client (CORS), with the methods GET, POST and the header DPoP.`;
    const document = await context.ask(metadataUrl(oidc.issuer), { headers: { origin: from } });
    if (!allowsOrigin(document, from)) return fail('the metadata may not be read from here', why, mend);
    const wants = found.dpop.length > 0 ? 'dpop' : 'content-type';
    const preflight = await context.ask(found.token, {
      method: 'OPTIONS',
      headers: { origin: from, 'access-control-request-method': 'POST', 'access-control-request-headers': wants },
    });
    const names = header(preflight, 'access-control-allow-headers').toLowerCase();
    const isNamed = wants === 'content-type' || names === '*' || names.includes(wants);
    if (allowsOrigin(preflight, from) && isNamed) return fine('metadata and token endpoint');
    return fail(`the token endpoint does not admit ${wants} from here`, why, mend);
  }),
};

const pkce: Check = {
  id: 'provider-pkce',
  title: 'It knows PKCE',
  group,
  run: withMetadata((found) =>
    found.pkce.includes('S256')
      ? fine('S256')
      : fail(
          `code_challenge_methods_supported is ${found.pkce.join(', ') || 'missing'}`,
          'Without PKCE a stolen code is enough to get tokens (RFC 9700 §2.1.1).',
          'Switch PKCE with S256 on for this client, required, and list it in the metadata.',
        ),
  ),
};

/** What browsers' WebCrypto can sign with, of the algorithms that DPoP allows (RFC 9449 §4.2). */
const USABLE = new Set(['ES256', 'ES384', 'ES512', 'PS256', 'RS256', 'Ed25519', 'EdDSA']);

const dpop: Check = {
  id: 'provider-dpop',
  title: 'It binds tokens to a key',
  group,
  run: withMetadata(({ dpop: algorithms }) =>
    algorithms.some((name) => USABLE.has(name))
      ? fine(algorithms.join(', '))
      : warn(
          algorithms.length === 0 ? 'no DPoP' : `DPoP with ${algorithms.join(', ')} only`,
          'A token that leaks can be used from anywhere; the tier stays "compatible" unless the worker is sealed.',
          'Switch DPoP on at the provider (ES256), if it can.',
        ),
  ),
};

const revocation: Check = {
  id: 'provider-revocation',
  title: 'Signing out revokes the token',
  group,
  run: withMetadata((found) =>
    found.revocation === undefined
      ? warn(
          'no revocation_endpoint',
          'After signing out, a copied refresh token lives on at the provider.',
          'Switch token revocation on (RFC 7009), and let the public client use it.',
        )
      : fine(found.revocation),
  ),
};

const namesItself: Check = {
  id: 'provider-iss',
  title: 'Its answers name it',
  group,
  run: withMetadata((found) =>
    found.namesItself
      ? fine('iss in the authorization response')
      : warn(
          'authorization_response_iss_parameter_supported is not true',
          'With more than one provider, a code of the one can be passed off as a code of the other (RFC 9207).',
          'Switch the iss parameter on, if the provider can.',
        ),
  ),
};

const authorize = async (context: Context, { authorization }: Metadata, oidc: Oidc, callback: URL): Promise<Answer> => {
  const url = new URL(authorization);
  const challenge = createHash('sha256').update(randomBytes(32)).digest('base64url');
  const parameters = {
    client_id: oidc.clientId,
    redirect_uri: callback.href,
    response_type: 'code',
    scope: oidc.scope,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: randomBytes(12).toString('base64url'),
    prompt: 'none',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return context.ask(url.href, { headers: NAVIGATION });
};

/** Where an answer sends the browser, if it goes back to `callback`. */
const returnTo = (answer: Answer, callback: URL): URLSearchParams | undefined => {
  const location = header(answer, 'location');
  if (location === '' || !URL.canParse(location, answer.url)) return undefined;
  const url = new URL(location, answer.url);
  if (url.origin !== callback.origin || url.pathname !== callback.pathname) return undefined;
  return url.search === '' ? new URLSearchParams(url.hash.slice(1)) : url.searchParams;
};

const REFUSALS = new Set(['interaction_required', 'login_required', 'consent_required', 'account_selection_required']);

const silent: Check = {
  id: 'provider-silent',
  title: 'A silent sign-in gets no code',
  group,
  run: withMetadata(async (found, context, oidc) => {
    const callback = new URL(oidc.callback, context.target.origin);
    const answer = await authorize(context, found, oidc, callback);
    const back = returnTo(answer, callback);
    const error = back?.get('error') ?? '';
    if (back?.has('code'))
      return fail(
        'prompt=none, without any session, is answered with a code',
        'Any script that reaches the callback can sign in as somebody.',
        'Require interaction for this client; look at test and impersonation modes of the provider.',
      );
    if (REFUSALS.has(error))
      return fine(`${error}; asked without a session, so what a signed-in person would get is not known`);
    if (back)
      return warn(
        `prompt=none is answered with error=${error || 'nothing'}`,
        'The configuration of the client does not fit what the worker asks for.',
        `Compare client_id "${oidc.clientId}" and scope "${oidc.scope}" with the client at the provider.`,
      );
    return fail(
      `the request ends with ${answer.status} and does not return to ${callback.href}`,
      'The provider does not know this client with this callback, so nobody can sign in.',
      `Register ${callback.href} as redirect URI of client "${oidc.clientId}".`,
    );
  }),
};

const exactRedirect: Check = {
  id: 'provider-redirect',
  title: 'It returns to the callback only',
  group,
  run: withMetadata(async (found, context, oidc) => {
    const callback = new URL(`${oidc.callback.replace(/\/$/, '')}/elsewhere`, context.target.origin);
    const answer = await authorize(context, found, oidc, callback);
    if (!returnTo(answer, callback)) return fine(`${answer.status} for another path`);
    return fail(
      `it also returns to ${callback.pathname}`,
      'Codes can be led to a page that is not guarded as the callback is (RFC 9700 §2.1).',
      'Register the exact redirect URI, without a wildcard.',
    );
  }),
};

export const PROVIDER_CHECKS: readonly Check[] = [
  origin,
  metadata,
  cors,
  pkce,
  dpop,
  revocation,
  namesItself,
  silent,
  exactRedirect,
];
