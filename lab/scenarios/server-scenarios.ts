import { defineScenarios } from './scenario.ts';

const API_AND_SOCKET = { kinds: ['api', 'socket'] };
const BLIP_MS = 2_500;

/** What happens to sockets and servers. */
export const SERVER_SCENARIOS = defineScenarios(
  {
    id: 'ticket-refused',
    title: 'The socket is refused for a while',
    category: 'connection',
    why: 'A single-use ticket was used before, or is too old: the first attempt after a break fails.',
    prevent: 'Fetch a new ticket for every attempt, and never let a socket sign anyone out.',
    steps: [
      { type: 'fault', fault: { match: { kinds: ['socket'] }, action: { type: 'status', status: 401 }, times: 2 } },
      { type: 'cut' },
      { type: 'wait', ms: BLIP_MS },
    ],
    needs: ['socket'],
  },
  {
    id: 'ticket-expired',
    title: 'A used ticket is refused',
    category: 'connection',
    why: 'The ticket of the first connection is good for one connection only, or for 5 minutes.',
    prevent: 'Fetch a new ticket for every attempt to connect.',
    steps: [
      {
        type: 'fault',
        fault: { match: { kinds: ['socket'], isUsedCredential: true }, action: { type: 'status', status: 401 } },
      },
      { type: 'cut' },
      { type: 'wait', ms: BLIP_MS },
    ],
    needs: ['socket'],
  },
  {
    id: 'ticket-forbidden',
    title: 'A firewall answers 403 while the socket drops',
    category: 'connection',
    why: 'A firewall refuses requests for a moment, and with them the one for a new ticket.',
    prevent: 'Try again after a 403 as after a 503, with a growing pause: it says nothing about the session.',
    steps: [
      { type: 'fault', fault: { match: { kinds: ['api', 'socket'] }, action: { type: 'status', status: 403 } } },
      { type: 'cut' },
      { type: 'wait', ms: BLIP_MS },
    ],
    needs: ['socket'],
  },
  {
    id: 'socket-accepted-then-closed',
    title: 'The socket opens and closes at once',
    category: 'connection',
    why: 'A gateway accepts a socket before its backend is up.',
    prevent: 'Count an opening as success only after some uptime, so that the pauses grow.',
    steps: [
      {
        type: 'fault',
        fault: { match: { kinds: ['socket'] }, action: { type: 'close-after-upgrade', code: 1011 }, times: 2 },
      },
      { type: 'cut' },
      { type: 'wait', ms: BLIP_MS },
    ],
    needs: ['socket'],
  },
  {
    id: 'server-restart',
    title: 'The server restarts',
    category: 'connection',
    why: 'Each deployment.',
    prevent: 'Reconnect with jitter, and keep sessions and tickets out of the memory of one process.',
    steps: [{ type: 'restart-server', downMs: 2_000 }],
  },
  {
    id: 'rolling-restart',
    title: 'Servers restart one after the other',
    category: 'connection',
    why: 'Each deployment of a larger site: the socket drops several times in a minute.',
    prevent: 'Reset the pause between attempts only after some uptime.',
    steps: [1, 2, 3].flatMap(() => [{ type: 'cut' } as const, { type: 'wait', ms: 1_200 } as const]),
  },
  {
    id: 'proxy-cuts-idle-sockets',
    title: 'A proxy cuts silent sockets',
    category: 'connection',
    why: 'Proxies cut a connection that was silent for a minute (nginx: 60 s). The lab does it after 2 s, several times.',
    prevent: 'Send a heartbeat more often than the proxy cuts, and reconnect.',
    steps: [{ type: 'idle-cut', ms: 2_000 }, { type: 'cut' }, { type: 'wait', ms: 6_000 }],
    needs: ['socket'],
  },
  {
    id: 'slow-network',
    title: 'Slow network',
    category: 'connection',
    why: 'A phone with one bar.',
    prevent: 'Give requests time, and do not take a slow answer for a lost one.',
    steps: [
      { type: 'slow', latencyMs: 400, kilobytesPerSecond: 50 },
      { type: 'reload' },
      { type: 'burst', count: 1 },
      { type: 'wait', ms: 2_000 },
    ],
  },
  {
    id: 'authenticating-proxy',
    title: "An authenticating proxy's own session ends",
    category: 'session',
    why: 'The proxy of a company redirects every request to its login, also those of scripts.',
    prevent: 'Do not follow redirects of API requests. Let the page navigate, so that the proxy can renew its cookie.',
    steps: [
      {
        type: 'fault',
        fault: { match: API_AND_SOCKET, action: { type: 'redirect', location: 'http://portal.lab.invalid/login' } },
      },
      { type: 'burst', count: 2 },
      { type: 'wait', ms: BLIP_MS },
    ],
  },
  {
    id: 'messages-over-a-drop',
    title: 'Messages during a lost connection',
    category: 'messages',
    why: 'The server publishes while the user is in a tunnel.',
    prevent: 'Number the messages, and resume from the last number after a reconnect.',
    steps: [
      { type: 'network', state: 'down' },
      { type: 'publish', count: 20 },
      { type: 'wait', ms: 1_500 },
      { type: 'network', state: 'up' },
    ],
    needs: ['socket', 'messages'],
  },
  {
    id: 'messages-half-open',
    title: 'Messages into a half-open connection',
    category: 'messages',
    why: 'The server writes into a connection whose other end is gone.',
    prevent: 'Number the messages, and notice silence by a heartbeat.',
    steps: [
      { type: 'silence', what: 'sockets' },
      { type: 'publish', count: 20 },
    ],
    needs: ['socket', 'messages'],
    backWithinMs: 60_000,
  },
);
