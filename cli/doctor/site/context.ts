import { parseDeployment, type Deployment } from './deployment.ts';
import { NAVIGATION, sendRequest, type HttpResponse, type SendResult, type RequestOptions } from './http-request.ts';
import { metadataUrl, parseMetadata, type Metadata } from './metadata.ts';
import type { Credentials, Site } from './target.ts';
import { runTrial, type SessionTrial } from './trial.ts';
import { visitWith, type BrowserChoice, type Visit } from './visit.ts';

export type ContextOptions = {
  site: Site;
  account?: Credentials | undefined;
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
  /** The configuration in the script, or else the one from `--config`; `undefined` when there is neither. */
  deployment(): Promise<Deployment | undefined>;
  /** The callback as the provider redirects to it, with `MARKER` as code; `undefined` without `oidc` sign-in. */
  callback(): Promise<HttpResponse | undefined>;
  /** The provider's metadata; `undefined` without `oidc` sign-in or without a readable document. */
  metadata(): Promise<Metadata | undefined>;
  /** Signs in with `account` by password and out again; gives the reason when it cannot. */
  trial(): Promise<SessionTrial>;
  /** Opens the page in a real browser; gives the reason when it cannot. */
  visit(): Promise<Visit>;
};

/** An authorization code that no provider issued, and that is easy to find in a response. */
export const MARKER = 'session-keeper-doctor-0000';

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
};

const responseOf = (url: string, outcome: SendResult): HttpResponse => {
  if (outcome.type === 'response') return outcome.response;
  throw new Error(`No answer from ${url}: ${outcome.detail}`);
};

export const createContext = ({ site, account, browser, config, timeoutMs }: ContextOptions): Context => {
  const request = async (url: string, options?: RequestOptions): Promise<HttpResponse> =>
    responseOf(url, await sendRequest(url, timeoutMs, options));
  const script = once(() => request(site.worker.href, { headers: { accept: '*/*' } }));
  const deployment = once(async () => {
    const answer = await script();
    return (answer.status === 200 ? parseDeployment(answer.body) : undefined) ?? config;
  });
  return {
    site,
    account,
    send: (url, options) => sendRequest(url, timeoutMs, options),
    request,
    page: once(() => request(site.url.href, { headers: NAVIGATION })),
    script,
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
      const issuer = (await deployment())?.oidc?.issuer;
      if (issuer === undefined) return undefined;
      const outcome = await sendRequest(metadataUrl(issuer), timeoutMs, { headers: { accept: 'application/json' } });
      return outcome.type === 'response' && outcome.response.status === 200
        ? parseMetadata(outcome.response.body)
        : undefined;
    }),
    trial: once(async () => runTrial(site, await deployment(), account, timeoutMs)),
    visit: once(() => visitWith(browser, site, timeoutMs)),
  };
};
