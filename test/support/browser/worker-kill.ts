import type { BrowserContext, Page } from '@playwright/test';
import { killWorkers as kill } from '../../../lab/browser/page-levers.ts';

const killedIn = new WeakSet<BrowserContext>();

/** Kills all service workers of the browser at once, as a crash would. */
export const killWorkers = (page: Page): Promise<void> => {
  killedIn.add(page.context());
  return kill(page);
};

/** Whether the test killed the workers that answer the requests of this context. */
export const hadWorkersKilled = (context: BrowserContext): boolean => killedIn.has(context);
