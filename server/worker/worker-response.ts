import type { IncomingHttpHeaders } from 'node:http';
import type { InjectedConfig } from '../../src/protocol/config.ts';
import { codingsFor, encode } from '../http/compression.ts';
import { workerPolicy } from '../http/headers.ts';
import { SCRIPT_VARY, type WorkerSecrets } from './worker-secret.ts';

export type WorkerResponseOptions = {
  script: string;
  site: Omit<InjectedConfig, 'seal'>;
  /** Of the request. */
  headers: IncomingHttpHeaders;
  /** The origin of the application, and the others that its worker may reach. */
  self: string;
  connect: readonly string[];
};

export type WorkerResponse = {
  status: 200 | 403;
  headers: Record<string, string>;
  body: string | Uint8Array<ArrayBuffer>;
};

/**
 * The response to a request for a worker script. Compresses it for each request: it contains a secret, but nothing that an
 * attacker chooses, so its compressed length reveals nothing (BREACH, https://breachattack.com).
 */
export const workerResponse = async (
  secrets: WorkerSecrets,
  { script, site, headers, self, connect }: WorkerResponseOptions,
): Promise<WorkerResponse> => {
  const own = {
    'cache-control': 'no-store',
    vary: `Accept-Encoding, ${SCRIPT_VARY}`,
    'content-security-policy': workerPolicy(self, connect),
  };
  const served = secrets.inject(script, site, headers);
  if (served.type === 'refused') return { status: 403, headers: own, body: 'The install cookie is missing.' };
  const typed = { ...own, 'content-type': 'text/javascript; charset=utf-8' };
  const [coding] = codingsFor(headers['accept-encoding']);
  if (coding === undefined) return { status: 200, headers: typed, body: served.text };
  const body = Uint8Array.from(await encode(served.text, coding));
  return { status: 200, headers: { ...typed, 'content-encoding': coding }, body };
};
