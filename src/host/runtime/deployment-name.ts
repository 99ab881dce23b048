import type { KeeperConfig } from '../../protocol/config.ts';

/**
 * The name of a deployment: two apps, or two scopes of one app, on the same origin. It is part of the names of all that an
 * origin shares: databases, locks, channels.
 */
export type DeploymentName = {
  /** '' for the scope `/` without a configured name. Its data has the names that all versions know. */
  name: string;
};

/** `configured`: `name` of the configuration. `scope`: path of the worker's scope. */
export const deploymentName = (configured: string | undefined, scope: string): string =>
  configured ?? (scope === '/' ? '' : scope);

/** One of several sessions of a deployment shares nothing with the others, as if it were a deployment of its own. */
export const sessionDeployment = (deployment: string, session: string | undefined): string =>
  session ? `${deployment}#${session}` : deployment;

/** The name of something that this deployment shares with no other one. */
export const named = (base: string, { name }: DeploymentName): string => (name === '' ? base : `${base}:${name}`);

/** The data of versions that knew no names, and of a deployment without a configured name. */
export const formerNames = (name: string, scope: string): readonly string[] =>
  [...new Set([deploymentName(undefined, scope), ''])].filter((former) => former !== name);

/** What sealed records are bound to: only this origin, provider and client can open what a provider gave. */
export type SealBindings = {
  provider: string;
  /** Other sign-in kinds depend on the origin only. */
  withoutProvider: string;
};

export const sealBindings = (
  origin: string,
  { signIn: { oidc } }: Pick<KeeperConfig, 'signIn'>,
  session?: string,
): SealBindings => {
  // Page script can move a record to the database of another session. It does not open there.
  const owner = session ? `${origin}#${session}` : origin;
  return {
    provider: [owner, oidc?.issuer, oidc?.clientId].join(' '),
    withoutProvider: `${owner}  `,
  };
};
