import { ACCOUNT } from './run.ts';
import { configOf, goodPlan, html, json, script, workerHeaders, type Handler, type Plan } from './site.ts';
import { bare, type Row } from './spoil.ts';

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
  ['socket-origin', 'fail', 'for all', { upgrade: () => 101 }, /accepts an upgrade/, /Origin/],
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
