/** https://wicg.github.io/web-app-launch/; not in TypeScript's library. */
type LaunchQueue = { setConsumer(consumer: (launch: { targetURL?: string }) => void): void };

const hasQueue = (page: Window): page is Window & { launchQueue: LaunchQueue } => 'launchQueue' in page;

/**
 * The app that is open already is brought to the front as it is, with all that is typed there, instead of being loaded
 * anew (`focus-existing` in the manifest): what a shortcut leads to is a page of this document.
 */
export const handleLaunches = (page: Window): void => {
  if (!hasQueue(page)) return;
  page.launchQueue.setConsumer(({ targetURL }) => {
    const hash = targetURL === undefined ? '' : new URL(targetURL).hash;
    if (hash !== '') page.location.hash = hash;
  });
};
