import { ACCOUNT } from './run.ts';
import { configOf, goodPlan, html, json, script, workerHeaders, type Handler, type Plan } from './site.ts';
import { bare, configured, type Row } from './spoil.ts';

/** A configuration with these sockets. */
const sockets = (...more: readonly { url: string; codec: string }[]): Partial<Plan> =>
  configured((site) => ({
    ...configOf(site),
    sockets: more.map((socket) => ({ ...socket, ticket: { url: '/api/ticket', method: 'POST', carry: 'protocol' } })),
  }));

export const API: readonly Row[] = [
  ['whoami', 'fail', 'a page', { whoami: (_r, site) => html(site) }, /200 text\/html/, /401/],
  [
    'whoami',
    'fail',
    'a redirect',
    { whoami: () => ({ status: 302, headers: { location: '/login' } }) },
    /302/,
    /login redirects/,
  ],
  ['whoami', 'warn', 'an untyped 401', { whoami: bare(401) }, /401 text\/html/, /WWW-Authenticate/],
  ['lab', 'warn', 'open', { lab: () => json([]) }, /request log/, /--lab/],
  ['lab', 'fail', 'open to others', { lab: () => json([]) }, /request log/, /--lab/, { isLocal: false }],
  ['socket', 'fail', 'none', { upgrade: () => 404 }, /404/, /upgrades/],
  [
    'socket',
    'fail',
    'Socket.IO without its query',
    sockets({ url: '/socket.io/', codec: 'socket.io' }),
    /no address that a Socket.IO client/,
    /EIO=4/,
  ],
  [
    'socket',
    'fail',
    'Phoenix without what its client adds',
    sockets({ url: '/socket', codec: 'phoenix' }),
    /no address that a Phoenix client/,
    /\/websocket\?vsn=2\.0\.0/,
  ],
  ['socket-protocol', 'fail', 'none', { upgrade: () => ({ chooses: '' }) }, /chooses "" of/, /keeper\.1/],
  [
    'socket-protocol',
    'fail',
    'the ticket',
    { upgrade: ({ headers }) => ({ chooses: headers['sec-websocket-protocol']?.split(', ').at(-1) ?? '' }) },
    /chooses the ticket/,
    /keeper\.1/,
  ],
  [
    'socket-protocol',
    'fail',
    'another codec’s',
    sockets({ url: '/graphql', codec: 'graphql-transport-ws' }),
    /\/graphql chooses "keeper\.1"/,
    /Sec-WebSocket-Protocol: graphql-transport-ws/,
  ],
  ['socket-origin', 'fail', 'for all', { upgrade: () => ({ chooses: 'keeper.1' }) }, /accepts an upgrade/, /Origin/],
  ['socket-ticket', 'fail', 'for all', { ticket: () => json({ ticket: 'x' }) }, /answers 200/, /401/],
  ['socket-ticket', 'fail', 'nowhere', { ticket: bare(404) }, /answers 404/, /401/],
];

const onceEach = (): Handler => {
  const used = new Set<string>();
  return ({ body }) => {
    if (used.has(body)) return json({ error: 'invalid_grant' }, 400);
    used.add(body);
    return json({ access_token: 'a1', refresh_token: `r${used.size}` });
  };
};

const newEachTime = (): Handler => {
  let count = 0;
  return () => json({ access_token: 'a1', refresh_token: `n${(count += 1)}` });
};

const signOutBut500 = (): Partial<Plan> => {
  const plan = goodPlan();
  return { ...plan, logout: (request, site) => ({ ...plan.logout(request, site), status: 500 }) };
};

const ungraceful: Handler = (_request, site) => {
  const password = { login: '/api/login', refresh: '/api/refresh', logout: '/api/logout', reuseGraceMs: 0 };
  return { headers: workerHeaders(site), body: script(site, { ...configOf(site), signIn: { password } }) };
};

/** A site whose session is a cookie, with what its sign-in, its status and its registration answer. */
const cookieSite = (change: {
  offer?: string;
  later?: string;
  registration?: Handler;
  cookie?: string;
  cache?: string;
}): Partial<Plan> => ({
  ...configured((site) => ({
    ...configOf(site),
    signIn: { ticket: { login: '/api/login', status: '/api/whoami', logout: '/api/logout' } },
  })),
  login: ({ body }) =>
    body === '{"apiKey":"key"}'
      ? json({ authenticated: true }, 200, {
          'set-cookie': change.cookie ?? 'sid=1; Secure; HttpOnly',
          'cache-control': change.cache ?? 'no-store',
          ...((change.offer ?? OFFER) === '' ? {} : { 'secure-session-registration': change.offer ?? OFFER }),
        })
      : json({}, 401),
  whoami: () =>
    json(
      { authenticated: true },
      200,
      change.later === undefined ? {} : { 'secure-session-registration': change.later },
    ),
  bind: change.registration ?? (() => json({}, 400)),
});
const OFFER = '(ES256 RS256);path="/bind";challenge="c"';
const KEY = { apiKey: 'key' };

export const DEVICE: readonly Row[] = [
  ['device-bound', 'fail', 'half an offer', cookieSite({ offer: '(ES256);path="/bind"' }), /not all/, /challenge/, KEY],
  [
    'device-bound',
    'fail',
    'no usual key',
    cookieSite({ offer: OFFER.replace('ES256 ', '') }),
    /RS256 only/,
    /ES256/,
    KEY,
  ],
  ['device-bound', 'fail', 'an offer over http', cookieSite({}), /over http/, /HTTPS/, { ...KEY, isLocal: false }],
  [
    'device-bound',
    'fail',
    'another origin',
    cookieSite({ offer: OFFER.replace('/bind', 'https://other.example/bind') }),
    /another origin/,
    /origin/,
    KEY,
  ],
  ['device-bound', 'fail', 'a page of the app', cookieSite({ registration: bare(200) }), /answers 200/, /400/, KEY],
  ['device-bound', 'fail', 'no route', cookieSite({ registration: bare(404) }), /answers 404/, /400/, KEY],
  [
    'device-bound',
    'fail',
    'a redirect',
    cookieSite({ registration: () => ({ status: 302, headers: { location: '/login' } }) }),
    /302 to \/login/,
    /400/,
    KEY,
  ],
  ['device-bound', 'fail', 'an offer to a thief', cookieSite({ later: OFFER }), /status route/, /sign-in only/, KEY],
  ['device-bound', 'warn', 'an offer in a cache', cookieSite({ cache: 'private' }), /cache/, /no-store/, KEY],
];

export const BOUND_SITE = cookieSite({});
export const UNBOUND_SITE = cookieSite({ offer: '' });

export const SESSION: readonly Row[] = [
  [
    'sign-in',
    'fail',
    'refused',
    {},
    /400 invalid_grant/,
    /--user/,
    { account: { username: 'someone', password: 'wrong' } },
  ],
  ['sign-in', 'fail', 'an empty whoami', { whoami: () => json({}) }, /whoami answers 200/, /sub/, { account: ACCOUNT }],
  ['rotation-grace', 'fail', 'no refresh at all', { refresh: bare(404) }, /404/, /refresh path/, { account: ACCOUNT }],
  [
    'rotation-grace',
    'fail',
    'no grace',
    { refresh: onceEach() },
    /used again at once, is refused: HTTP 400 invalid_grant/,
    /30 s/,
    { account: ACCOUNT },
  ],
  [
    'rotation-grace',
    'warn',
    'no grace, none promised',
    { refresh: onceEach(), worker: ungraceful },
    /is refused/,
    /30 s/,
    { account: ACCOUNT },
  ],
  [
    'rotation-grace',
    'warn',
    'two successors',
    { refresh: newEachTime() },
    /two different/,
    /same successor/,
    { account: ACCOUNT },
  ],
  ['sign-out', 'fail', 'for show', { logout: () => ({ status: 204 }) }, /still works/, /family/, { account: ACCOUNT }],
  ['sign-out', 'warn', 'an error', signOutBut500(), /answers 500/, /204/, { account: ACCOUNT }],
];
