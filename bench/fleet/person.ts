import { resolveAfter } from '../../src/protocol/timing/timer.ts';

/** A signed-in person. All clients of the person share the tokens, as the tabs of a browser do. */
export type Person = {
  /** Renewed before it expires: one renewal at a time. */
  accessToken(): Promise<string>;
  /** Renews now. Resolves with `false` when the session is over. */
  renew(): Promise<boolean>;
};

type Tokens = { access_token: string; refresh_token: string; expires_in: number };

const RENEW_EARLY_MS = 60_000;
const PAUSE_MS = 500;
const MAX_TRIES = 60;

/** The first answer that is no 503: the store may be away for a moment. */
const persistently = async (url: () => string, body: unknown): Promise<Response> => {
  const headers = { 'content-type': 'application/json' };
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const answer = await fetch(url(), { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => undefined);
    if (answer && answer.status !== 503) return answer;
    await answer?.body?.cancel();
    await resolveAfter(PAUSE_MS);
  }
  throw new Error('The fleet does not answer.');
};

/** Signs `user<n>` in. `next` is the instance for the next request, as a balancer chooses it. */
export const signIn = async (n: number, next: () => string): Promise<Person> => {
  const name = `user${n}`;
  const login = await persistently(() => `${next()}/api/v1/auth/login`, { username: name, password: name });
  if (!login.ok) throw new Error(`${name} could not sign in: ${login.status}.`);
  let tokens = (await login.json()) as Tokens;
  let expiresAt = Date.now() + tokens.expires_in * 1_000;
  let renewal: Promise<boolean> | undefined;

  const renew = async (): Promise<boolean> => {
    const url = (): string => `${next()}/api/v1/auth/refresh`;
    const answer = await persistently(url, { refresh_token: tokens.refresh_token });
    if (!answer.ok) return false;
    tokens = (await answer.json()) as Tokens;
    expiresAt = Date.now() + tokens.expires_in * 1_000;
    return true;
  };
  const renewOnce = (): Promise<boolean> => (renewal ??= renew().finally(() => (renewal = undefined)));

  return {
    accessToken: async () => {
      if (Date.now() > expiresAt - RENEW_EARLY_MS) await renewOnce();
      return tokens.access_token;
    },
    renew: renewOnce,
  };
};
