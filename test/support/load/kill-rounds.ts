import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { parseServerFrame, SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX } from '../../../src/protocol/frames.ts';
import { isObject, parseJson, stringAt } from '../../../src/protocol/schema/json.ts';
import type { App } from '../server/app.ts';

/*
 * Kills the server (SIGKILL) in the middle of writes, round after round, starts it again, and looks whether something is
 * gone that it had acknowledged: rotations, sign-outs, notes and messages. What was in flight at the kill may be there or not.
 */

export type KillRounds = {
  rounds: number;
  /** Writes that the server acknowledged before the kills. */
  acknowledged: number;
  /** What was lost, in words. */
  lost: string[];
};

type Answer = { status: number; body: unknown };
type Call = (path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

const TOPIC = 'kill-rounds';
const MESSAGES_AT_ONCE = 5;
const SIGN_OUT_EVERY = 4;

const createCall =
  (origin: string): Call =>
  async (path, body, headers) => {
    const response = await fetch(origin + path, {
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    return { status: response.status, body: parseJson(await response.text()) };
  };

const fieldOf = ({ body }: Answer, name: string): string => (isObject(body) ? (stringAt(body, name) ?? '') : '');
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** Everything that the server has acknowledged. */
type Ledger = {
  refresh: string;
  access: string;
  signedOut: string[];
  notes: string[];
  /** Offset → data. */
  messages: Map<number, string>;
  acknowledged: number;
};

const signIn = async (call: Call): Promise<Pick<Ledger, 'refresh' | 'access'>> => {
  const answer = await call('/api/v1/auth/login', { username: 'demo', password: 'demo' });
  return { refresh: fieldOf(answer, 'refresh_token'), access: fieldOf(answer, 'access_token') };
};

/** `undefined`: the server is gone. */
const attempt = <T>(work: Promise<T>): Promise<T | undefined> => work.catch(() => undefined);

const rotate = async (call: Call, ledger: Ledger): Promise<boolean> => {
  const answer = await attempt(call('/api/v1/auth/refresh', { refresh_token: ledger.refresh }));
  if (answer?.status !== 200) return false;
  ledger.refresh = fieldOf(answer, 'refresh_token');
  ledger.access = fieldOf(answer, 'access_token');
  ledger.acknowledged += 1;
  return true;
};

const signOutAnother = async (call: Call, ledger: Ledger): Promise<boolean> => {
  const other = await attempt(signIn(call));
  if (!other?.refresh) return false;
  const answer = await attempt(call('/api/v1/auth/logout', { refresh_token: other.refresh }));
  if (answer?.status !== 204) return false;
  ledger.signedOut.push(other.refresh);
  ledger.acknowledged += 1;
  return true;
};

const writeNote = async (call: Call, ledger: Ledger, text: string): Promise<boolean> => {
  const answer = await attempt(call('/api/v1/notes', { text }, bearer(ledger.access)));
  if (answer?.status !== 201) return false;
  ledger.notes.push(text);
  ledger.acknowledged += 1;
  return true;
};

/** Resolves when the server is gone. */
const publish = async (origin: string, call: Call, ledger: Ledger, name: string): Promise<void> => {
  const answer = await attempt(call('/api/v1/socket/ticket', {}, bearer(ledger.access)));
  if (answer?.status !== 200) return;
  const ticket = TICKET_SUBPROTOCOL_PREFIX + Buffer.from(fieldOf(answer, 'ticket')).toString('base64url');
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/api/socket`, [SUBPROTOCOL, ticket], { origin });
  let count = 0;
  const next = (): void => {
    const id = `${name}-${count}`;
    count += 1;
    socket.send(JSON.stringify(['pub', id, TOPIC, id]));
  };
  socket.on('open', () => {
    socket.send(JSON.stringify(['hi', { host: 'kill-rounds', epoch: 1 }]));
    for (let n = 0; n < MESSAGES_AT_ONCE; n += 1) next();
  });
  socket.on('message', (data: Buffer) => {
    const frame = parseServerFrame(data.toString());
    if (!frame || frame === 'unknown' || frame[0] !== 'ack') return;
    ledger.messages.set(frame[2], frame[1]);
    ledger.acknowledged += 1;
    next();
  });
  socket.on('error', () => undefined);
  await new Promise<void>((done) => socket.once('close', () => done()));
};

const writeUntilKilled = async (origin: string, call: Call, ledger: Ledger, round: number): Promise<void> => {
  const repeat = async (work: (n: number) => Promise<boolean>): Promise<void> => {
    for (let n = 0; await work(n); n += 1);
  };
  await Promise.all([
    repeat(() => rotate(call, ledger)),
    repeat((n) => writeNote(call, ledger, `${round}-${n}`)),
    repeat((n) => (n % SIGN_OUT_EVERY === 0 ? signOutAnother(call, ledger) : rotateNothing())),
    publish(origin, call, ledger, String(round)),
  ]);
};

/** Lets the other writers work. */
const rotateNothing = async (): Promise<boolean> => {
  await delay(20);
  return true;
};

const eventsOf = (body: unknown): Map<number, unknown> => {
  const events = isObject(body) && Array.isArray(body['events']) ? body['events'].filter(isObject) : [];
  return new Map(events.map(({ offset, data }) => [Number(offset), data]));
};

/** What the server no longer has. Refreshes with the last acknowledged token, like a client. */
const findLost = async (call: Call, ledger: Ledger): Promise<string[]> => {
  const lost: string[] = [];
  if (!(await rotate(call, ledger))) lost.push('the session');
  for (const token of ledger.signedOut) {
    const { status } = await call('/api/v1/auth/refresh', { refresh_token: token });
    if (status !== 400) lost.push(`a sign-out (its token is answered with ${status})`);
  }
  ledger.signedOut = [];
  const notes = JSON.stringify((await call('/api/v1/notes', undefined, bearer(ledger.access))).body);
  // The server keeps the newest 200 notes.
  for (const text of ledger.notes.slice(-100)) if (!notes.includes(`"${text}"`)) lost.push(`note ${text}`);
  const events = eventsOf((await call(`/api/v1/topics/${TOPIC}/events`, undefined, bearer(ledger.access))).body);
  const oldest = Math.min(...events.keys());
  for (const [offset, data] of ledger.messages)
    if (offset >= oldest && events.get(offset) !== data) lost.push(`message ${data} at offset ${offset}`);
  ledger.messages.clear();
  return lost;
};

/** `pause`: how long (ms) the server runs in a round. `onRound`: called after each round. */
export const killRounds = async (
  app: App,
  rounds: number,
  { pause, onRound }: { pause: () => number; onRound?: (round: number) => void },
): Promise<KillRounds> => {
  const call = createCall(app.origin);
  const ledger: Ledger = { ...(await signIn(call)), signedOut: [], notes: [], messages: new Map(), acknowledged: 0 };
  const lost: string[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const writes = writeUntilKilled(app.origin, call, ledger, round);
    await delay(pause());
    await app.shutDown('SIGKILL');
    await writes;
    await app.startAgain();
    lost.push(...(await findLost(call, ledger)).map((what) => `round ${round}: ${what}`));
    onRound?.(round);
  }
  return { rounds, acknowledged: ledger.acknowledged, lost };
};
