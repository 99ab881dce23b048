import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientAddress, setRequestId } from '../http/request-context.ts';
import { maskedAddress, type Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { routeName } from './route-name.ts';

export type Observers = { log: Log; metrics: Metrics };

const REQUEST_ID = /^[\w-]{8,64}$/;

/** `mayNameItself`: the request comes from a trusted proxy, whose request id counts. */
export type ObservedRequest = { port: 'app' | 'provider'; path: string; mayNameItself: boolean };

/** Gives the request an id, and records its end in the log and in the metrics. */
export const observeRequest = (
  { log, metrics }: Observers,
  { port, path, mayNameItself }: ObservedRequest,
  request: IncomingMessage,
  response: ServerResponse,
): void => {
  const given = String(request.headers['x-request-id'] ?? '');
  const id = mayNameItself && REQUEST_ID.test(given) ? given : randomUUID();
  setRequestId(request, id);
  response.setHeader('x-request-id', id);
  const startedAt = performance.now();
  response.once('close', () => {
    const ms = performance.now() - startedAt;
    const { method = '' } = request;
    const status = response.headersSent ? response.statusCode : 0;
    const route = routeName(path);
    metrics.observe({ port, method, route, status, seconds: ms / 1_000 });
    const client = maskedAddress(clientAddress(request));
    log.info({ requestId: id, port, method, route, status, ms: Math.round(ms * 10) / 10, client }, 'request');
  });
};
