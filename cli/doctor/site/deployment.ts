import {
  CONFIG_GLOBAL,
  INJECTED_CONFIG,
  type InjectedConfig,
  type KeeperConfig,
} from '../../../src/protocol/config.ts';
import type { OidcConfig, PasswordConfig, TicketConfig } from '../../../src/protocol/sign-in-config.ts';
import { parseJson } from '../../../src/protocol/schema/json.ts';

/** What the checks need of the configuration. */
export type Deployment = Pick<KeeperConfig, 'whoami' | 'sockets'> & {
  oidc: OidcConfig | undefined;
  password: PasswordConfig | undefined;
  ticket: TicketConfig | undefined;
  /** Whether this copy of the script carries a seal. The seal itself is not kept: it must reach no output. */
  sealed: boolean;
};

const deploymentOf = ({ config, seal }: InjectedConfig): Deployment => {
  const { whoami, sockets, signIn } = config;
  const oidc = signIn.oidc && URL.canParse(signIn.oidc.issuer) ? signIn.oidc : undefined;
  return { whoami, sockets, oidc, password: signIn.password, ticket: signIn.ticket, sealed: seal !== undefined };
};

const START = `self.${CONFIG_GLOBAL} = `;

/** Reads the first line of a served worker script, `self.__SESSION_KEEPER__ = {…};`; never evaluates it. */
export const parseDeployment = (script: string): Deployment | undefined => {
  const [line = ''] = script.split('\n', 1);
  if (!line.startsWith(START)) return undefined;
  const injected = INJECTED_CONFIG.read(parseJson(line.slice(START.length).trim().replace(/;$/, '')));
  return injected && deploymentOf(injected);
};

/** For a worker that is not baked but calls `keepSession({ config })`. */
export const deploymentOfConfig = (config: KeeperConfig): Deployment => deploymentOf({ config });

/** Why a check that needs the configuration is skipped. */
export const UNKNOWN_CONFIG = 'The configuration could not be read from the worker script (see above).';
