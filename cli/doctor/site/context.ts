import { parseDeployment, type Deployment } from './deployment.ts';
import { SilentServerError } from './silent-server.ts';
import {
  header,
  NAVIGATION,
  sendRequest,
  type HttpResponse,
  type SendResult,
  type RequestOptions,
} from './http-request.ts';
import { metadataUrl, parseMetadata, type Metadata } from './metadata.ts';
import type { Credentials, Site } from './target.ts';
import { runCookieTrial, type CookieTrial } from './cookie-trial.ts';
import { runTrial, type SessionTrial } from './trial.ts';
import { importsOf } from './worker-scripts.ts';
import { visitWith, type BrowserChoice, type Visit } from './visit.ts';

export type ContextOptions = {
  site: Site;
  account?: Credentials | undefined;
  /** For a sign-in that gives a cookie. */
  apiKey?: string | undefined;
  browser: BrowserChoice;
  /** Used when the worker script carries no configuration. */
  config?: Deployment | undefined;
  /** For one request. */
  timeoutMs: number;
};

/**
 * What the checks share. Each method below sends its request once, however many checks call it: the doctor must not be
 * a load test.
 */
export type Context = {
  readonly site: Site;
  readonly account: Credentials | undefined;
  /** Sends any other request; resolves also when there is no response. */
  send(url: string, options?: RequestOptions): Promise<SendResult>;
  /** Same, but rejects with a message for people when there is no response. */
  request(url: string, options?: RequestOptions): Promise<HttpResponse>;
  /** The page as a navigation gets it. */
  page(): Promise<HttpResponse>;
  /** The worker script as an ordinary request gets it. */
  script(): Promise<HttpResponse>;
  /** The texts of the worker script and of the scripts that it imports; empty without a script. */
  workerTexts(): Promise<readonly string[]>;
  /** The path of the widest scope that a page may register the worker for. */
  widestScope(): Promise<string>;
  /** The configuration in the script, or else the one from `--config`; `undefined` when there is neither. */
  deployment(): Promise<Deployment | undefined>;
  /** The callback as the provider redirects to it, with `MARKER` as code; `undefined` without `oidc` sign-in. */
  callback(): Promise<HttpResponse | undefined>;
  /** The provider's metadata; `undefined` without `oidc` sign-in or without a readable document. */
  metadata(): Promise<Metadata | undefined>;
  /** Signs in with `account` by password and out again; gives the reason when it cannot. */
  trial(): Promise<SessionTrial>;
  /** Signs in where the session is a cookie, looks at its binding to a device, and signs out. */
  cookieTrial(): Promise<CookieTrial>;
  /** Opens the page in a real browser; gives the reason when it cannot. */
  visit(): Promise<Visit>;
};

/** An authorization code that no provider issued, and that is easy to find in a response. */
export const MARKER = 'session-keeper-doctor-0000';

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
};

/** One request may meet a slow route. After two, the server is the trouble. */
const MAX_HANGS = 2;
/** A worker that imports more is examined by what its first imports say. */
const MAX_IMPORTS = 4;

const responseOf = (url: string, outcome: SendResult): HttpResponse => {
  if (outcome.type === 'response') return outcome.response;
  throw new Error(`No answer from ${url}: ${outcome.detail}`);
};

export const createContext = ({ site, account, apiKey, browser, config, timeoutMs }: ContextOptions): Context => {
  /** How many requests each server let wait until their limit. Each further one would cost the same time. */
  const hung = new Map<string, number>();
  const send = async (url: string, options?: RequestOptions): Promise<SendResult> => {
    const { origin } = new URL(url);
    const hangs = hung.get(origin) ?? 0;
    if (hangs >= MAX_HANGS) throw new SilentServerError(origin, timeoutMs);
    const outcome = await sendRequest(url, timeoutMs, options);
    if (outcome.type === 'no-response' && outcome.hung) hung.set(origin, hangs + 1);
    return outcome;
  };
  const request = async (url: string, options?: RequestOptions): Promise<HttpResponse> =>
    responseOf(url, await send(url, options));
  const script = once(() => request(site.worker.href, { headers: { accept: '*/*' } }));
  const workerTexts = once(async () => {
    const answer = await script();
    if (answer.status !== 200) return [];
    const texts = [answer.body];
    // An imported script may import others. The list grows during the loop.
    for (const text of texts) {
      for (const url of importsOf(text, site.worker)) {
        if (texts.length > MAX_IMPORTS) break;
        const imported = await request(url, { headers: { accept: '*/*' } });
        if (imported.status === 200 && !texts.includes(imported.body)) texts.push(imported.body);
      }
    }
    return texts;
  });
  const deployment = once(async () => {
    for (const text of await workerTexts()) {
      const found = parseDeployment(text);
      if (found) return found;
    }
    return config;
  });
  return {
    site,
    account,
    send,
    request,
    page: once(() => request(site.url.href, { headers: NAVIGATION })),
    script,
    workerTexts,
    async widestScope() {
      const allowed = header(await script(), 'service-worker-allowed');
      return new URL(allowed === '' ? './' : allowed, site.worker).pathname;
    },
    deployment,
    callback: once(async () => {
      const path = (await deployment())?.oidc?.callback;
      if (path === undefined) return undefined;
      const url = new URL(path, site.origin);
      url.searchParams.set('code', MARKER);
      url.searchParams.set('state', MARKER);
      return request(url.href, { headers: NAVIGATION });
    }),
    metadata: once(async () => {
      const oidc = (await deployment())?.oidc;
      if (oidc === undefined) return undefined;
      const outcome = await send(metadataUrl(oidc), { headers: { accept: 'application/json' } });
      return outcome.type === 'response' && outcome.response.status === 200
        ? parseMetadata(outcome.response.body)
        : undefined;
    }),
    trial: once(async () => runTrial(site, await deployment(), account, timeoutMs)),
    cookieTrial: once(async () => runCookieTrial(site, await deployment(), { ...account, apiKey }, timeoutMs)),
    visit: once(() => visitWith(browser, site, timeoutMs)),
  };
};
