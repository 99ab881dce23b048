import type { Page } from '@playwright/test';

/** Shifts the device's clock by `ms`, as the running workers read it. */
export const shiftDeviceClock = async (page: Page, ms: number): Promise<void> => {
  for (const worker of page.context().serviceWorkers())
    await worker.evaluate((by) => {
      const read = Date.now;
      Date.now = () => read() + by;
    }, ms);
};
