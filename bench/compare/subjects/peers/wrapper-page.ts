import { DEMO, expose, request } from '../page.ts';
import { openRecords } from '../record.ts';

/**
 * What a careful team writes by hand, without a worker: the tokens in IndexedDB, one refresh at a time over all tabs by a Web
 * Lock, and `Authorization` on each request.
 */
type Tokens = { access: string; refresh: string; expiresAt: number };
type TokenAnswer = { access_token: string; refresh_token: string; expires_in: number };

const records = openRecords('wrapper');
let tokens: Tokens | undefined;

const take = async (path: string, body: object): Promise<Tokens> => {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}.`);
  const { access_token: access, refresh_token: refresh, expires_in } = (await response.json()) as TokenAnswer;
  const taken = { access, refresh, expiresAt: Date.now() + expires_in * 1_000 };
  await records.write({ tokens: taken });
  return taken;
};

const read = async (): Promise<Tokens> => {
  const [found] = await records.read('tokens');
  if (found === undefined) throw new Error('There is no session.');
  return found as Tokens;
};

/** Another tab may have renewed the tokens while this one waited for the lock. */
const renewed = (refused: string): Promise<Tokens> =>
  navigator.locks.request('wrapper', async () => {
    const stored = await read();
    return stored.access === refused ? take('/api/v1/auth/refresh', { refresh_token: stored.refresh }) : stored;
  });

const authorized = async (): Promise<number> => {
  tokens ??= await read();
  if (tokens.expiresAt <= Date.now()) tokens = await renewed(tokens.access);
  const send = (): Promise<number> => request({ headers: { authorization: `Bearer ${tokens?.access ?? ''}` } });
  const status = await send();
  if (status !== 401) return status;
  tokens = await renewed(tokens.access);
  return send();
};

expose({
  signIn: async () => {
    tokens = await take('/api/v1/auth/login', DEMO);
  },
  request: authorized,
  start: async () => {
    const status = await authorized();
    if (status !== 200) throw new Error(`The backend answered ${status}.`);
  },
});
