import type { Context } from 'oidc-provider';
import { isForeignPage } from '../http/origins.ts';

/** `exposed`: headers that scripts of the application may read (CORS). */
export const providerHeaders =
  (exposed: string) =>
  async (ctx: Context, next: () => Promise<void>): Promise<void> => {
    ctx.set('x-content-type-options', 'nosniff');
    ctx.set('referrer-policy', 'no-referrer');
    ctx.set('x-frame-options', 'DENY');
    await next();
    if (ctx.response.get('access-control-allow-origin') !== '') ctx.set('access-control-expose-headers', exposed);
    const isOwnPage = ctx.response.get('content-security-policy') !== '';
    if (!isOwnPage) ctx.set('content-security-policy', "frame-ancestors 'none'");
  };

/**
 * Refuses requests with credentials of pages of other origins: see `ownPagesOnly` for the API. The authorization endpoint
 * takes none, and other sites may post to it (OpenID Connect Core §3.1.2.1).
 */
export const ownFormsOnly =
  (origins: readonly string[]) =>
  async (ctx: Context, next: () => Promise<void>): Promise<void> => {
    const takesCredentials = ctx.method === 'POST' && ctx.path !== '/auth';
    if (!takesCredentials || !isForeignPage(ctx.req.headers, origins)) return next();
    ctx.status = 403;
    ctx.body = { error: 'access_denied', error_description: 'This request must come from a page of the application.' };
  };
