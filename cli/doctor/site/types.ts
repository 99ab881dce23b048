import type { Finding } from './finding.ts';
import type { Account, Target } from './target.ts';
import type { Visit } from './visit.ts';
import type { Trial } from './trial.ts';
import type { Answer, Probe, ProbeOptions } from './http.ts';
import type { Deployment } from './deployment.ts';
import type { Metadata } from './metadata.ts';

export const GROUPS = [
  'Worker script',
  'Documents',
  'Error pages and callback',
  'Identity provider',
  'API',
  'Session',
  'Browser',
] as const;
export type Group = (typeof GROUPS)[number];

/** `run` may reject: the check is then reported as failed, with the error's message. */
export type Check = {
  /** Stable, for machines. */
  id: string;
  title: string;
  group: Group;
  run(context: Context): Promise<Finding>;
};

export type Checked = { id: string; title: string; group: Group } & Finding;

/**
 * What the checks share. Every question is asked once however many checks want to know: a doctor must not be a
 * load test.
 */
export type Context = {
  readonly target: Target;
  readonly account: Account | undefined;
  /** Anything else than what follows. */
  probe(url: string, options?: ProbeOptions): Promise<Probe>;
  /** Same, but rejects with a sentence when there is no answer. */
  ask(url: string, options?: ProbeOptions): Promise<Answer>;
  /** The page as a navigation gets it. */
  page(): Promise<Answer>;
  /** The worker script as an ordinary request gets it. */
  script(): Promise<Answer>;
  /** What is baked into the script, or else was given; `undefined` without both. */
  deployment(): Promise<Deployment | undefined>;
  /** The callback as the provider's answer calls it, with `MARKER` for a code; `undefined` without the `oidc` kind. */
  callback(): Promise<Answer | undefined>;
  /** The provider's metadata; `undefined` without the `oidc` kind or without a readable document. */
  metadata(): Promise<Metadata | undefined>;
  /** Signs in with `account` by the password kind and out again; says why not where it cannot. */
  trial(): Promise<Trial>;
  /** Opens the page in a real browser; says why not where it cannot. */
  visit(): Promise<Visit>;
};
