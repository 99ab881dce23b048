import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Request } from '@playwright/test';
import { DEFAULT_CLIENT_ID } from '../../../server/worker/keeper-config.ts';
import { isObject, own, parseJson } from '../../../src/protocol/schema/json.ts';

const ANSWERED = ['access_token', 'refresh_token', 'id_token', 'ticket', 'token'] as const;
const POSTED = ['refresh_token', 'code', 'code_verifier'] as const;
/** Length of a token's end that is enough to recognize it, also when a place holds only a part of it. */
const RECOGNIZABLE_LENGTH = 20;

/** The answers of a server that was started with `env`. */
export type WireTap = {
  readonly env: Record<string, string>;
  lines(): Promise<readonly string[]>;
  remove(): Promise<void>;
};

export const openWireTap = async (): Promise<WireTap> => {
  const dir = await mkdtemp(join(tmpdir(), 'keeper-tap-'));
  const file = join(dir, 'answers.jsonl');
  const tap = new URL('wire-tap.ts', import.meta.url).href;
  return {
    env: { WIRE_TAP: file, NODE_OPTIONS: `--import=tsx --import=${tap}` },
    lines: async () => (await readFile(file, 'utf8')).split('\n'),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
};

/** The secrets that were issued or sent during the test, by name. They come from places that no page can read. */
export type Secrets = {
  /** Collects the current answers and cookies. */
  gather(): Promise<void>;
  /** Sorted names of the secrets found so far. */
  names(): readonly string[];
  /** The values of one name. */
  values(name: string): readonly string[];
  /** Names of the secrets whose end is in the text. */
  foundIn(text: string): readonly string[];
};

const recognizableParts = (secret: string): readonly string[] => {
  const encoded = Buffer.from(secret).toString('base64url');
  return [secret.slice(-RECOGNIZABLE_LENGTH), encoded.slice(0, RECOGNIZABLE_LENGTH * 2)];
};

/** The secret that the server writes into the worker script of this browser profile, and nowhere else. */
export const sealOf = async (context: BrowserContext, origin: string): Promise<string | undefined> => {
  const cookies = await context.cookies(origin);
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const fetched = { 'sec-fetch-dest': 'serviceworker', 'sec-fetch-mode': 'same-origin', 'service-worker': 'script' };
  const script = await new Promise<string>((resolve, reject) => {
    get(`${origin}/sw.js`, { headers: { cookie, ...fetched } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text)).on('error', reject);
    }).on('error', reject);
  });
  return /"secret":"([^"]+)"/.exec(script)?.[1];
};

export const collectSecrets = (context: BrowserContext, origin: string, tap: WireTap): Secrets => {
  const secrets = new Map<string, string>();
  const note = (name: string, value: unknown): void => {
    if (typeof value === 'string' && value !== '') secrets.set(value, name);
  };
  context.on('request', (request: Request) => {
    note('code', new URL(request.url()).searchParams.get('code'));
    if (!request.serviceWorker()) return;
    const form = new URLSearchParams(request.postData() ?? '');
    for (const name of POSTED) note(name, form.get(name));
  });
  return {
    async gather() {
      for (const line of await tap.lines()) {
        const body = parseJson(line);
        if (isObject(body)) for (const name of ANSWERED) note(name, own(body, name));
      }
      for (const { name, value } of await context.cookies()) note(`cookie ${name}`, value);
      note('seal', await sealOf(context, origin));
    },
    names: () => [...new Set(secrets.values())].toSorted(),
    values: (wanted) => [...secrets].flatMap(([secret, name]) => (name === wanted ? [secret] : [])),
    foundIn: (text) =>
      [...secrets].flatMap(([secret, name]) =>
        recognizableParts(secret).some((part) => text.includes(part)) ? [name] : [],
      ),
  };
};

/** The values of this name in the server's answers, in order. */
export const tokensOf = async (tap: WireTap, name: (typeof ANSWERED)[number]): Promise<readonly string[]> => {
  const bodies = (await tap.lines()).map(parseJson).filter(isObject);
  return bodies.map((body) => own(body, name)).filter((value) => typeof value === 'string');
};

/** Whether the provider calls this token active (RFC 7662). */
export const isActiveAt = async (provider: string, token: string): Promise<boolean> => {
  const body = new URLSearchParams({ token, client_id: DEFAULT_CLIENT_ID });
  const answer: unknown = await (await fetch(`${provider}/token/introspection`, { method: 'POST', body })).json();
  return isObject(answer) && own(answer, 'active') === true;
};
