import { connect, KeeperSocket, type Keeper, type Problem, type Result, type Snapshot } from 'session-keeper';
import { defineConfig, type KeeperConfig } from 'session-keeper/config';
import { provideKeeper } from 'session-keeper/elements';
import { installGlobal, type SocketClass } from 'session-keeper/socket';

const config: KeeperConfig = defineConfig({
  api: [{ origin: 'self', path: '/api/' }],
  whoami: '/api/me',
  signIn: { password: { login: '/api/login', refresh: '/api/refresh', logout: '/api/logout' } },
});
const keeper: Keeper = await connect({ worker: '/sw.js', config });
provideKeeper(keeper, document);

const show = ({ session, kept }: Snapshot): string =>
  session.state === 'signed-out' ? session.reason : `${session.state} since ${kept.since}`;
keeper.subscribe((snapshot) => void show(snapshot));

const codeOf = (result: Result<unknown>): Problem['code'] | undefined => (result.ok ? undefined : result.problem.code);
void keeper.signIn({ kind: 'password', username: 'ann', password: 'pw' }).then(codeOf);

const socket: WebSocket = new KeeperSocket('/api/events');
socket.close();
const uninstall: () => void = await installGlobal();
uninstall();
const socketClass: SocketClass = KeeperSocket;
void socketClass.OPEN;

const gate = document.createElement('session-gate');
gate.keeper = keeper;
for await (const event of keeper.channel('board').events()) void event.type;

// @ts-expect-error A configuration needs a sign-in method's address.
defineConfig({ api: [], whoami: '/api/me', signIn: { password: {} } });
