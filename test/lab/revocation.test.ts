import { expect, test } from 'vitest';
import { createHttpFaults, type RequestFacts } from '../../lab/proxy/http/faults.ts';
import { REVOCATION_FAULTS } from '../../lab/run/revocation-faults.ts';

const faults = createHttpFaults(() => 0);
for (const fault of REVOCATION_FAULTS) faults.add(fault);

const facts = (method: string, path: string, kind: RequestFacts['kind'] = 'api'): RequestFacts => ({
  ...{ host: 'localhost:4173', method, path, kind, credentials: [] },
});

test.each([
  ['an API request', facts('GET', '/api/me'), [401]],
  ['a socket', facts('GET', '/api/socket?ticket=a', 'socket'), [401]],
  ['a renewal', facts('POST', '/token'), [400]],
  ['a renewal at a longer path', facts('POST', '/realms/a/protocol/openid-connect/token'), [400]],
  ['the metadata of the provider', facts('GET', '/.well-known/openid-configuration'), []],
  ['the keys of the provider', facts('GET', '/jwks'), []],
  ['the keys of Keycloak', facts('GET', '/realms/a/protocol/openid-connect/certs'), []],
  ['a preflight', facts('OPTIONS', '/api/me'), []],
  ['a document', facts('GET', '/', 'document'), []],
])('a session that is over at the server: %s', (_, request, statuses) => {
  expect(faults.take(request).flatMap((action) => (action.type === 'status' ? [action.status] : []))).toEqual(statuses);
});
