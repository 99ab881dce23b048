import type { Page } from '@playwright/test';
import { DEFAULT_CLIENT_ID, DEFAULT_SCOPE, keeperConfig } from '../../../server/worker/keeper-config.ts';
import type { Keeper } from '../../../src/page/types/types.ts';
import type { KeeperConfig } from '../../../src/protocol/config.ts';

type Library = { connect(options: { config: KeeperConfig }): Promise<Keeper> };

/** The configuration that the server writes into its worker. */
export const configOf = ({ provider }: { readonly provider: string }): KeeperConfig =>
  keeperConfig({ issuer: provider, clientId: DEFAULT_CLIENT_ID, scope: DEFAULT_SCOPE, embedded: true });

/** Connects as a site that supports browsers without workers: with the configuration of its worker. */
export const connectWith = (page: Page, config: KeeperConfig): Promise<void> =>
  page.evaluate(async (given) => {
    const library = '/keeper.js';
    const { connect } = (await import(library)) as Library;
    window.keeper = await connect({ config: given });
  }, config);
