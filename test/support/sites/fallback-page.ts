import type { Page } from '@playwright/test';
import { DEFAULT_CLIENT_ID, DEFAULT_SCOPE, keeperConfig } from '../../../server/worker/keeper-config.ts';
import type { Keeper } from '../../../src/page/types/types.ts';
import type { KeeperConfig } from '../../../src/protocol/config.ts';

type Library = { connect(options: { config: KeeperConfig }): Promise<Keeper> };

/** What the worker of our server would be baked with. */
export const configOf = ({ provider }: { readonly provider: string }): KeeperConfig =>
  keeperConfig({ issuer: provider, clientId: DEFAULT_CLIENT_ID, scope: DEFAULT_SCOPE, embedded: true });

/** What a site that knows browsers without workers gives the library: the configuration that its worker would have. */
export const connectWith = (page: Page, config: KeeperConfig): Promise<void> =>
  page.evaluate(async (given) => {
    const library = '/keeper.js';
    const { connect } = (await import(library)) as Library;
    window.keeper = await connect({ config: given });
  }, config);
