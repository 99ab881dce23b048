import { WebSocket } from 'ws';
import { SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX } from '../../src/protocol/frames.ts';
import { PEOPLE, type ServerPart } from './server-part.ts';

const AT_ONCE = 50;

const json = async (url: string, init: RequestInit): Promise<Record<string, string>> => {
  const response = await fetch(url, { method: 'POST', ...init });
  return (await response.json()) as Record<string, string>;
};

const tokens = new Map<string, Promise<string>>();
const tokenOf = (url: string, person: number): Promise<string> => {
  const key = `${url} ${person}`;
  const known = tokens.get(key);
  if (known) return known;
  const body = JSON.stringify({ username: `user${person}`, password: `user${person}` });
  const login = json(`${url}/api/v1/auth/login`, { headers: { 'content-type': 'application/json' }, body });
  const token = login.then(({ access_token: found = '' }) => found);
  tokens.set(key, token);
  return token;
};

let opened = 0;

const protocolsFor = async (url: string, part: ServerPart): Promise<string[]> => {
  if (part !== 'keeper') return [];
  const authorization = `Bearer ${await tokenOf(url, opened % PEOPLE)}`;
  const { ticket = '' } = await json(`${url}/api/v1/socket/ticket`, { headers: { authorization } });
  return [SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX + Buffer.from(ticket).toString('base64url')];
};

/** Opens a socket, greets, and waits for the first answer. */
const openSocket = async (url: string, part: ServerPart): Promise<WebSocket> => {
  opened += 1;
  const host = `host-${opened}`;
  const ws = new WebSocket(`${url.replace(/^http/, 'ws')}/api/socket`, await protocolsFor(url, part), {
    perMessageDeflate: false,
  });
  await new Promise((done, fail) => {
    ws.once('open', () => ws.send(JSON.stringify(['hi', { host, epoch: 1 }])));
    ws.once('message', done);
    ws.once('error', fail);
    ws.once('close', (code: number) => fail(new Error(`The server closed a socket with ${code}.`)));
  });
  return ws;
};

/** Opens sockets that then say nothing. */
export const openIdleSockets = async (
  { url }: { url: string },
  part: ServerPart,
  count: number,
): Promise<WebSocket[]> => {
  const sockets: WebSocket[] = [];
  while (sockets.length < count)
    sockets.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => openSocket(url, part)))));
  return sockets;
};
