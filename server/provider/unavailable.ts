import type { IncomingMessage } from 'node:http';
import type { Context, Provider } from 'oidc-provider';
import { StoreUnavailable } from '../base/store.ts';
import { pageStrings } from './page-strings.ts';
import { messagePage } from './sign-in-page.ts';
import { sendPage } from './sign-in-routes.ts';

const TITLE = 'The server cannot store anything now';

const respond = (ctx: Context, { retryAfterSeconds }: StoreUnavailable, home: string): void => {
  ctx.remove('location');
  ctx.respond = true;
  if (ctx.accepts('json', 'html') === 'html') {
    const t = pageStrings(ctx.get('accept-language'));
    sendPage(ctx, 503, messagePage({ t, title: t.unavailable, text: t.unavailableDetail, href: home }), []);
  } else {
    ctx.status = 503;
    ctx.set('cache-control', 'no-store');
    ctx.body = { error: 'temporarily_unavailable', error_description: TITLE };
  }
  ctx.set('retry-after', String(retryAfterSeconds));
};

/**
 * Answers 503 with `Retry-After` where the store cannot write. The provider would answer 500 `server_error`, or redirect
 * with it, and clients take both for a fault of their own.
 */
export const answerUnavailable = (
  provider: Provider,
  home: string,
  onError: (error: unknown, request: IncomingMessage) => void,
): void => {
  const failed = new WeakMap<Context, StoreUnavailable>();
  provider.on('server_error', (ctx, error) => {
    if (error instanceof StoreUnavailable) failed.set(ctx, error);
    else onError(error, ctx.req);
  });
  provider.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      failed.set(ctx, error);
    }
    const error = failed.get(ctx);
    if (error) respond(ctx, error, home);
  });
};
