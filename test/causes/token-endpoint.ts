import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one refresh instead of the endpoint. `tokens`: those of its usual answer. */
export type Oddity = (response: ServerResponse, tokens: Tokens, request: IncomingMessage) => void;

export type Tokens = { access_token: string; refresh_token: string; token_type: string; expires_in: number };

/** A token endpoint that rotates. It accepts the previous refresh token until the newest one was used. */
export type TokenEndpoint = {
  readonly origin: string;
  /** Refresh tokens in the order in which they arrived. */
  readonly sent: readonly string[];
  /** Requested paths other than `/login` and `/refresh`. */
  readonly strayed: readonly string[];
  /** The newest refresh token. */
  readonly newest: string;
  /** Replaces the answer until the next call. */
  answer(oddity: Oddity | undefined): void;
  close(): Promise<void>;
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
};

const sentToken = (text: string): string => /"refresh_token":"([^"]*)"/.exec(text)?.[1] ?? '';

export const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const MAX_AGE_S = 300;

export const startTokenEndpoint = async (): Promise<TokenEndpoint> => {
  const sent: string[] = [];
  const strayed: string[] = [];
  let minted = 1;
  let oddity: Oddity | undefined;
  const tokens = (): Tokens => ({
    access_token: `at${minted}`,
    refresh_token: `rt${minted}`,
    token_type: 'Bearer',
    expires_in: MAX_AGE_S,
  });

  /** Whether this token still works: it is the newest one, or the one before it. */
  const isGood = (token: string): boolean => token === `rt${minted}` || token === `rt${minted - 1}`;

  const refresh = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const token = sentToken(await bodyOf(request));
    sent.push(token);
    if (!isGood(token)) return json(response, 400, { error: 'invalid_grant' });
    if (token === `rt${minted}`) minted += 1;
    if (oddity) return oddity(response, tokens(), request);
    json(response, 200, tokens());
  };

  const server = createServer((request, response) => {
    if (request.url === '/refresh') return void refresh(request, response);
    if (request.url === '/login') return json(response, 200, tokens());
    strayed.push(request.url ?? '');
    json(response, 200, tokens());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    strayed,
    get newest() {
      return `rt${minted}`;
    },
    answer(next) {
      oddity = next;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
