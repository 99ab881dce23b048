import { parseDeployment, type Deployment } from './deployment.ts';
import { NAVIGATION, probe, type Answer, type Probe, type ProbeOptions } from './http.ts';
import { metadataUrl, parseMetadata } from './metadata.ts';
import type { Account, Target } from './target.ts';
import { runTrial } from './trial.ts';
import type { Context } from './types.ts';
import { visitWith, type BrowserChoice } from './visit.ts';

export type ContextOptions = {
  target: Target;
  account?: Account | undefined;
  browser: BrowserChoice;
  /** Stands in where the worker script carries no configuration. */
  config?: Deployment | undefined;
  /** For one request. */
  timeoutMs: number;
};

/** Nobody's code, and easy to find again in an answer. */
export const MARKER = 'session-keeper-doctor-0000';

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
};

const answered = (url: string, outcome: Probe): Answer => {
  if (outcome.type === 'answer') return outcome.answer;
  throw new Error(`No answer from ${url}: ${outcome.detail}`);
};

export const createContext = ({ target, account, browser, config, timeoutMs }: ContextOptions): Context => {
  const ask = async (url: string, options?: ProbeOptions): Promise<Answer> =>
    answered(url, await probe(url, timeoutMs, options));
  const script = once(() => ask(target.worker.href, { headers: { accept: '*/*' } }));
  const deployment = once(async () => {
    const answer = await script();
    return (answer.status === 200 ? parseDeployment(answer.body) : undefined) ?? config;
  });
  return {
    target,
    account,
    probe: (url, options) => probe(url, timeoutMs, options),
    ask,
    page: once(() => ask(target.url.href, { headers: NAVIGATION })),
    script,
    deployment,
    callback: once(async () => {
      const path = (await deployment())?.oidc?.callback;
      if (path === undefined) return undefined;
      const url = new URL(path, target.origin);
      url.searchParams.set('code', MARKER);
      url.searchParams.set('state', MARKER);
      return ask(url.href, { headers: NAVIGATION });
    }),
    metadata: once(async () => {
      const issuer = (await deployment())?.oidc?.issuer;
      if (issuer === undefined) return undefined;
      const outcome = await probe(metadataUrl(issuer), timeoutMs, { headers: { accept: 'application/json' } });
      return outcome.type === 'answer' && outcome.answer.status === 200
        ? parseMetadata(outcome.answer.body)
        : undefined;
    }),
    trial: once(async () => runTrial(target, await deployment(), account, timeoutMs)),
    visit: once(() => visitWith(browser, target, timeoutMs)),
  };
};
