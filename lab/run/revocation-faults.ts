import type { HttpFault } from '../proxy/http/faults.ts';
import { TOKEN_PATH } from './page-steps.ts';

/** The documents that a provider shows to everyone: its metadata and its keys (RFC 8414 §3). */
const PUBLIC = String.raw`/\.well-known/|/jwks|/certs\b`;

/**
 * What the proxy does in place of a server that has ended the session: it refuses to renew the tokens (RFC 6749 §5.2), and it
 * refuses those that there are (RFC 6750 §3.1).
 */
export const REVOCATION_FAULTS: readonly HttpFault[] = [
  {
    match: { path: TOKEN_PATH, method: 'POST' },
    action: { type: 'status', status: 400, body: JSON.stringify({ error: 'invalid_grant' }) },
  },
  {
    match: { kinds: ['api', 'socket'], path: `^(?!.*(${PUBLIC}|${TOKEN_PATH}))` },
    action: { type: 'status', status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } },
  },
];
