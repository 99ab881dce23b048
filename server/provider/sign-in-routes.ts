import type { IncomingMessage } from 'node:http';
import type { Context, Interaction, Provider } from 'oidc-provider';
import type { Account, Accounts } from '../auth/accounts.ts';
import type { DeviceCookies } from '../auth/device-cookies.ts';
import type { LoginRateLimit } from '../limits/login-rate-limit.ts';
import { pageCsp } from '../http/html-page.ts';
import { clientAddress } from '../http/request-context.ts';
import { string } from '../../src/protocol/schema/schema.ts';
import { pageStrings, type PageStrings } from './page-strings.ts';
import { continuePage, messagePage, signInPage } from './sign-in-page.ts';

/**
 * `sign-in`: a grant for each sign-in, so that a sign-out ends no other one. `person`: one grant for a person and a client,
 * as in many providers.
 */
export type GrantPolicy = 'sign-in' | 'person';

export type SignInRoutes = {
  provider: Provider;
  accounts: Accounts;
  loginRateLimit: LoginRateLimit;
  deviceCookies: DeviceCookies;
  /** Audience of JWT access tokens; `undefined` for opaque ones. */
  resource: string | undefined;
  /** Further APIs that a sign-in may name. */
  furtherResources: readonly string[];
  grants: GrantPolicy;
  appOrigins: readonly string[];
  /** Account that the page shows as a hint. */
  hint: Account | undefined;
};

const ROUTE = /^\/sign-in\/([\w-]{1,64})$/;
const MAX_FORM_BYTES = 8_192;

export const signInPath = (uid: string): string => `/sign-in/${uid}`;

const readForm = async (request: IncomingMessage): Promise<URLSearchParams | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // A request without an encoding emits buffers.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_FORM_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
};

export const sendPage = (ctx: Context, status: number, html: string, formTargets: readonly string[]): void => {
  ctx.status = status;
  ctx.type = 'html';
  ctx.set('content-security-policy', pageCsp(formTargets));
  ctx.set('cross-origin-opener-policy', 'same-origin');
  ctx.set('cache-control', 'no-store');
  // With `no-referrer`, a browser would send the forms of these pages with `Origin: null`, like those of strangers.
  ctx.set('referrer-policy', 'same-origin');
  ctx.body = html;
};

/** The language that the client asked for, or that the browser prefers. */
const stringsFor = (ctx: Context, { params }: Interaction): PageStrings =>
  pageStrings(ctx.get('accept-language'), params['ui_locales']);

const grantFor = async (
  { provider, resource, furtherResources, grants }: SignInRoutes,
  accountId: string,
  interaction: Interaction,
): Promise<string> => {
  const clientId = string.read(interaction.params['client_id']) ?? '';
  const scope = string.read(interaction.params['scope']) ?? '';
  const existing = grants === 'person' ? await provider.Grant.find(interaction.grantId ?? '') : undefined;
  const grant = existing ?? new provider.Grant({ accountId, clientId });
  grant.addOIDCScope(scope);
  if (resource !== undefined) grant.addResourceScope(resource, scope);
  const wanted = [interaction.params['resource']].flat();
  for (const further of furtherResources) if (wanted.includes(further)) grant.addResourceScope(further, scope);
  return grant.save();
};

const finish = async (routes: SignInRoutes, ctx: Context, result: { [name: string]: unknown }): Promise<void> => {
  ctx.respond = false;
  await routes.provider.interactionFinished(ctx.req, ctx.res, result);
};

/**
 * Signs a person in with a password. The client is first-party, so the password also counts as consent. An existing
 * sign-in does not: without a click, any page could start a flow and get its code.
 */
const signIn = async (
  routes: SignInRoutes,
  ctx: Context,
  interaction: Interaction,
  form: URLSearchParams,
): Promise<void> => {
  const action = signInPath(interaction.uid);
  const username = form.get('username') ?? '';
  const t = stringsFor(ctx, interaction);
  const refuse = (status: number, problem: string): void =>
    sendPage(ctx, status, signInPage({ t, action, username, problem, hint: routes.hint }), routes.appOrigins);
  const attempt = await routes.loginRateLimit.take({
    route: 'sign-in-page',
    account: username,
    address: clientAddress(ctx.req),
    device: routes.deviceCookies.supplyOf(ctx.req.headers, username),
  });
  if (attempt.type === 'limited') {
    ctx.set('retry-after', String(attempt.waitSeconds));
    return refuse(429, t.tooMany(attempt.waitSeconds));
  }
  const account = routes.accounts.byPassword(username, form.get('password') ?? '');
  if (!account) return refuse(422, t.wrong);
  attempt.succeeded();
  ctx.res.appendHeader('set-cookie', routes.deviceCookies.remember(ctx.req.headers, username));
  const grantId = await grantFor(routes, account.username, interaction);
  await finish(routes, ctx, { login: { accountId: account.username, amr: ['pwd'] }, consent: { grantId } });
};

/**
 * Whether a click continues the sign-in that the browser has. It does not once the session that it began was ended from
 * another device: a lost laptop must not come back with one click.
 */
const mayContinue = async ({ provider }: SignInRoutes, { session, params }: Interaction): Promise<boolean> => {
  const signIn = session && (await provider.Session.findByUid(session.uid));
  const grantId = signIn?.grantIdFor(string.read(params['client_id']) ?? '');
  return grantId === undefined || (await provider.Grant.find(grantId)) !== undefined;
};

const show = async (routes: SignInRoutes, ctx: Context, interaction: Interaction): Promise<void> => {
  const action = signInPath(interaction.uid);
  const t = stringsFor(ctx, interaction);
  const known = routes.accounts.find(interaction.session?.accountId ?? '');
  const username = string.read(interaction.params['login_hint']);
  const needsClick = interaction.prompt.name === 'consent' && known && (await mayContinue(routes, interaction));
  const html = needsClick
    ? continuePage({ t, action, name: known.name })
    : signInPage({ t, action, username, hint: routes.hint });
  sendPage(ctx, 200, html, routes.appOrigins);
};

const handleForm = async (routes: SignInRoutes, ctx: Context, interaction: Interaction): Promise<void> => {
  const form = await readForm(ctx.req);
  const accountId = interaction.session?.accountId;
  switch (form?.get('do')) {
    case 'continue':
      if (accountId === undefined || interaction.prompt.name !== 'consent' || !(await mayContinue(routes, interaction)))
        return show(routes, ctx, interaction);
      return finish(routes, ctx, { consent: { grantId: await grantFor(routes, accountId, interaction) } });
    case 'switch':
      return sendPage(
        ctx,
        200,
        signInPage({ t: stringsFor(ctx, interaction), action: signInPath(interaction.uid), hint: routes.hint }),
        routes.appOrigins,
      );
    case 'cancel':
      return finish(routes, ctx, { error: 'access_denied', error_description: 'Sign-in was cancelled.' });
    default:
      return form ? signIn(routes, ctx, interaction, form) : show(routes, ctx, interaction);
  }
};

/** Koa middleware for `/sign-in/:uid`. It passes all other requests on to the provider. */
export const signInRoutes =
  (routes: SignInRoutes) =>
  async (ctx: Context, next: () => Promise<void>): Promise<void> => {
    if (!ROUTE.test(ctx.path) || (ctx.method !== 'GET' && ctx.method !== 'POST')) return next();
    let interaction: Interaction;
    try {
      interaction = await routes.provider.interactionDetails(ctx.req, ctx.res);
    } catch {
      const t = pageStrings(ctx.get('accept-language'));
      const href = routes.appOrigins[0] ?? '/';
      sendPage(ctx, 410, messagePage({ t, title: t.over, text: t.overDetail, href }), []);
      return;
    }
    if (ctx.method === 'GET') await show(routes, ctx, interaction);
    else await handleForm(routes, ctx, interaction);
  };
