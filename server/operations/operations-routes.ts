import type { IncomingMessage, ServerResponse } from 'node:http';
import { timingSafeEquals } from '../base/crypto.ts';
import { isFromThisMachine } from '../http/request-context.ts';
import { BARE_HEADERS } from '../http/headers.ts';
import type { Metrics } from './metrics.ts';

/** Why the server cannot serve requests now. */
export type NotReady = 'stopping' | 'store';

export type OperationsRoutes = {
  metrics: Metrics;
  /** `undefined`: the server is ready. */
  notReady(): Promise<NotReady | undefined>;
  /** Who has it may read the metrics from anywhere. Without one, only programs on this machine may. */
  metricsToken: string | undefined;
};

const send = (response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void =>
  void response.writeHead(status, { ...BARE_HEADERS, 'content-type': type }).end(text);

const mayReadMetrics = (request: IncomingMessage, token: string | undefined): boolean => {
  const [, given] = /^bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token !== undefined && given !== undefined) return timingSafeEquals(token, given);
  return isFromThisMachine(request);
};

const sendMetrics = async (response: ServerResponse, metrics: Metrics): Promise<void> => {
  const { type, text } = await metrics.read();
  send(response, 200, text, type);
};

/**
 * Routes for the operator's programs. `/healthz`: the process lives, else restart it. `/readyz`: it can serve, else send
 * requests elsewhere. `/metrics`: Prometheus. Returns whether the request was one of them.
 */
export const handleOperations = (
  routes: OperationsRoutes,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): boolean => {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const fail = (): void => send(response, 503, 'not ready: error\n');
  switch (path) {
    case '/healthz':
      send(response, 200, 'ok\n');
      return true;
    case '/readyz':
      routes
        .notReady()
        .then((reason) => send(response, reason ? 503 : 200, reason ? `not ready: ${reason}\n` : 'ok\n'), fail);
      return true;
    case '/metrics':
      if (!mayReadMetrics(request, routes.metricsToken))
        send(response, 403, 'Only this machine, or with METRICS_TOKEN.\n');
      else sendMetrics(response, routes.metrics).catch(fail);
      return true;
    default:
      return false;
  }
};
