import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SESSION_LIST, type ListedSession } from '../../../src/protocol/http/sessions.ts';
import { OidcClient } from '../support/agent.ts';
import {
  bearer,
  cookieLogin,
  OTHER_ACCOUNT,
  passwordLogin,
  startTestServer,
  type PasswordAnswer,
  type TestServer,
} from '../support/start.ts';

const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1';
const LAPTOP = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Gecko/20100101 Firefox/153.0';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const request = (headers: Record<string, string>, path = '', method = 'GET') =>
  server.call(`/api/v1/sessions${path}`, { method, headers });

const listed = async (headers: Record<string, string>): Promise<readonly ListedSession[]> => {
  const response = await request(headers);
  expect(response.status).toBe(200);
  return SESSION_LIST.read(await response.json())?.sessions ?? [];
};

const as = ({ access_token }: PasswordAnswer, agent: string): Record<string, string> => ({
  ...bearer(access_token),
  'user-agent': agent,
});

const refreshes = async ({ refresh_token }: PasswordAnswer): Promise<number> =>
  (await server.call('/api/v1/auth/refresh', { json: { refresh_token } })).status;

describe('the sessions of a user', () => {
  test('are listed with coarse names, and without address, user agent or the name of a session', async () => {
    const [phone, laptop] = [await passwordLogin(server.call), await passwordLogin(server.call)];
    await listed(as(phone, PHONE));
    const response = await request(as(laptop, LAPTOP));
    const text = await response.text();
    for (const secret of ['Mozilla', '127.0.0.1', 'password:', phone.refresh_token.slice(4, 26)])
      expect(text).not.toContain(secret);
    const sessions = await listed(as(laptop, LAPTOP));
    expect(sessions.find(({ current }) => current)).toMatchObject({ kind: 'password', name: 'Firefox, Windows' });
    expect(sessions.map(({ name }) => name)).toContain('Safari, iPhone');
  });

  test('end when another device of the same user ends them, at once', async () => {
    const [phone, laptop] = [await passwordLogin(server.call), await passwordLogin(server.call)];
    const id = (await listed(as(phone, PHONE))).find(({ current }) => current)?.id ?? '';
    expect((await request(as(laptop, LAPTOP), `/${id}`, 'DELETE')).status).toBe(204);
    expect((await request(as(phone, PHONE))).status).toBe(401);
    expect([await refreshes(phone), await refreshes(laptop)]).toEqual([400, 200]);
    expect((await listed(as(laptop, LAPTOP))).map((session) => session.id)).not.toContain(id);
    expect((await request(as(laptop, LAPTOP), `/${id}`, 'DELETE')).status).toBe(204);
  });

  test('include those in cookies, which only a page of this origin may use to end another', async () => {
    const phone = await passwordLogin(server.call);
    const id = (await listed(as(phone, PHONE))).find(({ current }) => current)?.id ?? '';
    const cookie = { cookie: await cookieLogin(server.call), 'user-agent': LAPTOP };
    const sessions = await listed(cookie);
    expect(sessions.find(({ current }) => current)?.kind).toBe('ticket');
    expect((await request({ ...cookie, origin: 'https://evil.example' }, `/${id}`, 'DELETE')).status).toBe(403);
    expect((await request(as(phone, PHONE))).status).toBe(200);
  });

  test('need a password again at the provider after another device ended them', async () => {
    const lost = await OidcClient.create(server);
    const tokens = await lost.signIn();
    const sessions =
      SESSION_LIST.read(await (await lost.api(`${server.url}/api/v1/sessions`, tokens.access)).json())?.sessions ?? [];
    const id = sessions.find(({ current }) => current)?.id ?? '';
    const phone = await passwordLogin(server.call);
    expect((await request(as(phone, PHONE), `/${id}`, 'DELETE')).status).toBe(204);
    expect((await lost.api(`${server.url}/api/v1/auth/whoami`, tokens.access)).status).toBe(401);
    expect(await lost.refresh(tokens.refresh)).toEqual({ ok: false, error: 'invalid_grant' });

    const prompt = await lost.browser.follow((await lost.authorizationUrl()).url, lost.callback);
    expect(await prompt.page?.text()).toContain('<label for="password">');
    const forced = await lost.browser.submit(prompt.url, lost.callback, { do: 'continue' });
    expect(await forced.page?.text()).toContain('<label for="password">');
  });

  test('are not seen or ended by another user', async () => {
    const phone = await passwordLogin(server.call);
    const id = (await listed(as(phone, PHONE))).find(({ current }) => current)?.id ?? '';
    const other = await passwordLogin(server.call, OTHER_ACCOUNT.username, OTHER_ACCOUNT.password);
    expect((await listed(as(other, LAPTOP))).map((session) => session.id)).not.toContain(id);
    expect((await request(as(other, LAPTOP), `/${id}`, 'DELETE')).status).toBe(404);
    expect((await request(as(phone, PHONE))).status).toBe(200);
    expect((await request({})).status).toBe(401);
  });
});
