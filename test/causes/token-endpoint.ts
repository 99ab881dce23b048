import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the endpoint says to one refresh instead of its usual answer; `tokens` is what that would have held. */
export type Oddity = (response: ServerResponse, tokens: Tokens, request: IncomingMessage) => void;

export type Tokens = { access_token: string; refresh_token: string; token_type: string; expires_in: number };

/** A token endpoint that rotates; a consumed refresh token is taken again until its successor was used. */
export type TokenEndpoint = {
  readonly origin: string;
  /** Refresh tokens in the order in which they were sent. */
  readonly sent: readonly string[];
  /** Paths that were asked for besides `/login` and `/refresh`. */
  readonly strayed: readonly string[];
  /** The refresh token that is the newest. */
  readonly newest: string;
  /** Answers so, until told otherwise. */
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

  /** Whether this token may still be exchanged: it is the newest one, or the one before it. */
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
