import type { BrowserContext, Page } from 'playwright-core';
import type { BareTab } from './bare-tab.ts';
import type { Workers } from './workers.ts';

export const ENGINES = ['chromium', 'firefox'] as const;
export type EngineName = (typeof ENGINES)[number];

/**
 * The lab's own browser, with a new profile. Playwright drives it, except in `detached`: there, nothing keeps workers
 * alive and pages visible.
 */
export type LabBrowser = {
  readonly engine: EngineName;
  readonly version: string;
  /** Playwright's context. Another one after `detached`. */
  context(): BrowserContext;
  /** The tab that the scenario is about. */
  page(): Page;
  /** Shifts the clock of all pages and workers, later ones too. */
  setClockOffset(ms: number): Promise<void>;
  readonly workers: Workers;
  /** Runs a script in all pages and workers, in each later document before its own scripts. */
  addScript(source: string): Promise<void>;
  /** Runs with the first tab alone, without Playwright. `cover` opens another tab in front of it. */
  detached(run: (tab: BareTab, cover: () => Promise<void>) => Promise<void>): Promise<void>;
  /** Kills all service workers. */
  killWorkers(): Promise<void>;
  /** Stops the whole browser, as the sleep of a laptop does. */
  suspend(ms: number): Promise<void>;
  close(): Promise<void>;
};

export type LabBrowserOptions = {
  executablePath: string;
  /** `host:port` of the network. */
  proxy: string;
  /** Of the network's certificate. */
  spki?: string | undefined;
  headed?: boolean | undefined;
};

/** Services of the browsers themselves. Their requests are none of the site's. */
const OWN_HOSTS =
  /^((content-autofill|update|[a-z]+-pa|safebrowsing)\.googleapis|clients\d*\.google|accounts\.google)\.com$|\.(mozilla|firefox)\.(com|net|org)$/;

/** Whether the browser itself wants this host, and not the site. A site may sign in at `accounts.google.com`. */
export const isOwnHost = (host: string, site: string): boolean =>
  OWN_HOSTS.test(host) && !(host === 'accounts.google.com' && !isLoopback(site));

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host.startsWith('127.');
