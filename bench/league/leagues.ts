import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isObject, parseJson, stringAt } from '../../src/protocol/schema/json.ts';
import type { LabScenario } from '../../lab/scenarios/scenario.ts';
import { ALL_SCENARIOS } from '../../lab/scenarios/all-scenarios.ts';
import type { SignInModule } from '../../lab/site/sign-in-module.ts';
import { ENTRIES, startLeagueSite } from './site.ts';
import { SOCKET_SCENARIOS } from './sockets/socket-scenarios.ts';
import { SOCKET_SERVERS, startSocketSite } from './sockets/socket-site.ts';
import type { Tally } from './sockets/tally.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A running app of a league. `tally`: of the scenario that ended last, in a league with messages. */
export type LeagueApp = {
  readonly url: string;
  readonly site: SignInModule;
  tally?(): Tally;
  stop(): Promise<void>;
};

export type League = {
  /** Of its block in the documents, and of its picture. */
  readonly name: string;
  readonly command: string;
  /** What a reader of the table must know. Markdown. */
  readonly notes: string;
  readonly entries: readonly string[];
  readonly scenarios: readonly LabScenario[];
  start(entry: string): Promise<LeagueApp>;
};

const FORM_WITHIN_MS = 30_000;

/** What needs a socket, messages, or a hook that these apps do not have, is not for them. */
const NEEDS_MORE = new Set(['socket', 'messages', 'deploy', 'revoke', 'other-user']);
/** The apps have no way to sign out. */
const NOT_FOR_THEM = new Set(['signed-out-elsewhere']);

const AT_PROVIDER: SignInModule = {
  signIn: async (page) => {
    await page.getByRole('button', { name: 'Sign in' }).click({ timeout: FORM_WITHIN_MS });
    await page.getByLabel('User name').fill('demo', { timeout: FORM_WITHIN_MS });
    await page.getByLabel('Password').fill('demo');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor({ timeout: FORM_WITHIN_MS });
  },
  isSignedIn: (page) => page.getByRole('heading', { name: 'You are signed in' }).isVisible(),
  proof: '/api/v1/auth/whoami',
  userField: 'sub',
};

const versionOf = (name: string): string => {
  const manifest = parseJson(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'));
  return `\`${name}\` ${isObject(manifest) ? (stringAt(manifest, 'version') ?? '') : ''}`;
};

const SESSION_NOTES = `The same small app with each library: ${versionOf('@axa-fr/oidc-client')}, ${versionOf('oidc-client-ts')}, and a wrapper
of \`fetch\` by hand. Each has the settings that its documents name for staying signed in (\`bench/league/apps\`). The seed is 1.
\`skipped\`: the app has no worker. \`disturbed\`: the session was kept, but the page was empty for a moment. None of these apps serves
its page from a worker, so all are in \`reload-offline\`. The provider is certified, and takes each refresh token once. So no app can go
on without a sign-in after \`refresh-answer-lost\`. \`auth0-spa-js\` and \`keycloak-js\` cannot sign in at it, as
[Commands](commands.md) explains.`;

/** Who stays signed in. */
export const SESSION_LEAGUE: League = {
  name: 'league',
  command: 'npm run lab:league',
  notes: SESSION_NOTES,
  entries: ENTRIES.map(({ name }) => name),
  scenarios: ALL_SCENARIOS.filter(
    ({ id, needs }) => !NOT_FOR_THEM.has(id) && !needs.some((need) => NEEDS_MORE.has(need)),
  ),
  start: async (name) => {
    const entry = ENTRIES.find((each) => each.name === name);
    if (!entry) throw new Error(`There is no entry ${name}.`);
    return { ...(await startLeagueSite(entry)), site: AT_PROVIDER };
  },
};

const SOCKET_PACKAGES = ['reconnecting-websocket', 'partysocket', 'socket.io-client', 'centrifuge'];
const SOCKET_NOTES = `The same app with a WebSocket and numbered messages, which its server publishes over each fault. All sign in with
the same cookie, and all servers keep messages. Where a library recovers them itself, its documented settings do it. The libraries of
a bare socket do not: \`reconnecting-websocket\`, \`partysocket\` and \`wrapper\` ask for the missing ones in code by hand. \`wrapper\` is
\`reconnecting-websocket\` with a heartbeat by hand. \`skipped\`: the app has no worker. A page that loads again begins with the state
of its server, so those scenarios have no messages. The others have three seconds of them, which are part of the time until all is
back. Versions: ${SOCKET_PACKAGES.map(versionOf).join(', ')}.`;

/** Who stays connected, and gets each message once. */
export const SOCKET_LEAGUE: League = {
  name: 'league-sockets',
  command: 'npm run lab:league -- --sockets',
  notes: SOCKET_NOTES,
  entries: Object.keys(SOCKET_SERVERS),
  scenarios: SOCKET_SCENARIOS,
  start: startSocketSite,
};
