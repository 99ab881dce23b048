import { defineScenarios, type WrittenScenario } from './scenario.ts';

const API = { kinds: ['api'] };
const API_AND_SOCKET = { kinds: ['api', 'socket'] };
const TOKEN = { path: '/(oauth2?/)?(token|refresh|renew)s?([/?]|$)' };
const EXPIRE_AND_ASK = [{ type: 'expire-access' }, { type: 'burst', count: 2 }] as const;
const BLIP_MS = 2_500;

/** The API answers wrongly for a while. */
const storm = (
  status: number,
  more: Partial<WrittenScenario> & Pick<WrittenScenario, 'why' | 'prevent'>,
): WrittenScenario => ({
  id: `api-${status}`,
  title: `The API answers ${status} for a while`,
  category: 'session',
  steps: [
    { type: 'fault', fault: { match: API, action: { type: 'status', status } } },
    { type: 'burst', count: 3 },
    { type: 'wait', ms: BLIP_MS },
  ],
  ...more,
});

/** What happens in the network and at the servers. */
export const NETWORK_SCENARIOS = defineScenarios(
  {
    id: 'offline-and-back',
    title: 'Offline and back',
    category: 'offline',
    why: 'A train enters a tunnel.',
    prevent: 'Keep the session, show that the device is offline, and try again when it is online.',
    steps: [{ type: 'offline' }, { type: 'burst', count: 1 }, { type: 'wait', ms: BLIP_MS }, { type: 'online' }],
  },
  {
    id: 'reload-offline',
    title: 'Reload while offline',
    category: 'offline',
    why: 'Users reload a page that does not respond.',
    prevent: 'Precache the app shell in a service worker, and show the user from storage.',
    steps: [{ type: 'offline' }, { type: 'reload' }, { type: 'wait', ms: BLIP_MS }, { type: 'online' }],
  },
  {
    id: 'half-open',
    title: 'Half-open connection',
    category: 'connection',
    why: 'A router forgets the connection. Both sides believe that it is open, and nothing arrives.',
    prevent: 'Send a heartbeat both ways, and open a new socket when an answer is late.',
    steps: [{ type: 'silence', what: 'sockets' }],
    needs: ['socket'],
    backWithinMs: 60_000,
  },
  {
    id: 'handover',
    title: 'From Wi-Fi to mobile data',
    category: 'connection',
    why: 'The address of the device changes, and all open connections are dead.',
    prevent: 'Send a heartbeat, and give requests a time limit.',
    steps: [{ type: 'silence', what: 'everything' }],
    backWithinMs: 60_000,
  },
  {
    id: 'network-flaps',
    title: 'The network comes and goes',
    category: 'connection',
    why: 'A phone at the edge of its reception.',
    prevent: 'Reconnect with a jittered pause that grows, and let no single failure end the session.',
    steps: [1, 2, 3, 4].flatMap(() => [
      { type: 'network', state: 'down' } as const,
      { type: 'wait', ms: 300 } as const,
      { type: 'network', state: 'up' } as const,
      { type: 'wait', ms: 400 } as const,
    ]),
  },
  {
    id: 'black-hole',
    title: 'Nothing passes for 4 seconds',
    category: 'connection',
    why: 'A lift, a garage: nothing fails, and nothing arrives.',
    prevent: 'Give each request a time limit, and do not take silence for an answer.',
    steps: [
      { type: 'network', state: 'blackhole' },
      { type: 'burst', count: 1 },
      { type: 'wait', ms: 4_000 },
    ],
  },
  {
    id: 'captive-portal',
    title: 'The page of a Wi-Fi in place of every answer',
    category: 'session',
    why: 'A hotel wants its terms accepted first.',
    prevent: 'Check the content type and the address of an answer before you judge it.',
    steps: [
      { type: 'fault', fault: { match: API_AND_SOCKET, action: { type: 'captive-portal' } } },
      { type: 'cut' },
      ...EXPIRE_AND_ASK,
      { type: 'wait', ms: BLIP_MS },
    ],
  },
  {
    id: 'html-for-json',
    title: 'The API answers with an HTML page',
    category: 'session',
    why: 'A wrong route of a gateway serves the app itself, with status 200.',
    prevent: 'Check the content type of an answer before you judge it.',
    steps: [
      { type: 'fault', fault: { match: API, action: { type: 'html' } } },
      { type: 'burst', count: 2 },
      { type: 'wait', ms: BLIP_MS },
    ],
  },
  storm(401, {
    why: 'A restart of the API loses its keys for a moment.',
    prevent: 'Refresh once after a 401, then wait. Only the token endpoint ends a session.',
  }),
  storm(403, {
    why: 'A firewall refuses requests for a minute.',
    prevent: 'A 403 says something about one request, and nothing about the session.',
  }),
  storm(429, {
    why: 'Too many requests: others of the same office use the site too.',
    prevent: 'Honour Retry-After, and keep the session.',
  }),
  storm(503, {
    why: 'A deployment of the API.',
    prevent: 'Keep the session, and try again with a growing pause.',
  }),
  {
    id: 'provider-down',
    title: 'The provider is down while tokens expire',
    category: 'session',
    why: 'A minute of maintenance at the provider.',
    prevent: 'Only invalid_grant ends a session. Keep the tokens on every other answer, and try again.',
    steps: [
      { type: 'fault', fault: { match: TOKEN, action: { type: 'status', status: 503 } } },
      ...EXPIRE_AND_ASK,
      { type: 'wait', ms: BLIP_MS },
    ],
    needs: ['renewal'],
  },
  {
    id: 'provider-hangs',
    title: 'The provider does not answer while tokens expire',
    category: 'session',
    why: 'An overloaded provider accepts connections and answers none.',
    prevent: 'Give a refresh a time limit, and keep the tokens after it.',
    steps: [
      { type: 'fault', fault: { match: TOKEN, action: { type: 'reset' }, times: 2 } },
      ...EXPIRE_AND_ASK,
      { type: 'wait', ms: BLIP_MS },
    ],
    needs: ['renewal'],
  },
  {
    id: 'refresh-answer-lost',
    title: 'The answer of a refresh is lost',
    category: 'session',
    why: 'The provider has rotated the token, and the connection breaks before the answer arrives.',
    prevent:
      'Let the provider accept a used refresh token again for some seconds, and retry at once with the same token.',
    steps: [
      { type: 'fault', fault: { match: TOKEN, action: { type: 'lost' }, times: 1 } },
      ...EXPIRE_AND_ASK,
      { type: 'wait', ms: BLIP_MS },
    ],
    needs: ['renewal'],
  },
  {
    id: 'refresh-late-duplicate',
    title: 'A refresh arrives twice',
    category: 'session',
    why: 'A retry of the browser or a proxy sends a request again.',
    prevent: 'Let the provider accept a used refresh token again for some seconds.',
    steps: [
      { type: 'fault', fault: { match: TOKEN, action: { type: 'duplicate', afterMs: 500 }, times: 1 } },
      ...EXPIRE_AND_ASK,
      { type: 'wait', ms: BLIP_MS },
    ],
    needs: ['renewal'],
  },
  {
    id: 'request-answer-lost',
    title: 'The answer of an API request is lost',
    category: 'honesty',
    why: 'The server did its work, and the page does not know.',
    prevent: 'Send changes with an Idempotency-Key, and repeat them after a loss.',
    steps: [
      { type: 'fault', fault: { match: API, action: { type: 'lost' }, times: 2 } },
      { type: 'burst', count: 2 },
      { type: 'wait', ms: 1_000 },
    ],
  },
);
