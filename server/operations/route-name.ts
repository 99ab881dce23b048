/** A path whose segments may be secret, personal or endless in number, with the name that stands for all such paths. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^\/api\/v1\/topics\//, '/api/v1/topics/:topic/events'],
  [/^\/api\/v1\/media\/upload\//, '/api/v1/media/upload/:id'],
  [/^\/sign-in\//, '/sign-in/:uid'],
  [/^\/auth\/(?!callback$)/, '/auth/:uid'],
  [/^\/lab\//, '/lab/*'],
];
const KNOWN = new Set([
  ...['login', 'refresh', 'logout', 'whoami'].map((name) => `/api/v1/auth/${name}`),
  ...['login', 'logout', 'status', 'token'].map((name) => `/api/auth/${name}`),
  ...['/api/v1/socket/ticket', '/api/v1/llm/models', '/api/v1/notes', '/api/events', '/api/socket'],
  ...['/api/v1/media/upload', '/api/v1/media/download', '/api/v1/media/download/link', '/api/v1/media/stream'],
  ...['/auth', '/auth/callback', '/token', '/token/revocation', '/token/introspection', '/me', '/jwks'],
  ...['/session/end', '/session/end/confirm', '/.well-known/openid-configuration'],
  ...['/', '/sw.js', '/keeper-sw.js', '/healthz', '/readyz', '/metrics'],
]);

/**
 * The name of a request's route, for logs and metrics. Whichever paths clients send, the names are few: a metric has one time
 * series for each.
 */
export const routeName = (path: string): string => {
  if (KNOWN.has(path)) return path;
  const named = NAMES.find(([pattern]) => pattern.test(path))?.[1];
  if (named !== undefined) return named;
  if (path.startsWith('/assets/')) return '/assets/*';
  return path.startsWith('/api/') ? '/api/*' : '/*';
};
