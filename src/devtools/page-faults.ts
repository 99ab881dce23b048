import type { Keeper } from '../page/types/types.ts';

/** What a page can do to its own session, and must not lose it by. */
export type PageFault = { readonly name: string; readonly hint: string; run(keeper: Keeper): Promise<unknown> };

const registration = (): Promise<ServiceWorkerRegistration | undefined> => navigator.serviceWorker.getRegistration();

/** Databases of the keeper (`DATABASE_PREFIX` of the deployment's name). */
const PREFIX = 'session-keeper';

const deleteData = async (): Promise<void> => {
  for (const { name = '' } of await indexedDB.databases()) if (name.startsWith(PREFIX)) indexedDB.deleteDatabase(name);
};

export const PAGE_FAULTS: readonly PageFault[] = [
  { name: 'Say offline', hint: 'The worker takes the network for lost.', run: (keeper) => keeper.nudge('offline') },
  { name: 'Say online', hint: 'The worker tries everything again now.', run: (keeper) => keeper.nudge('online') },
  {
    name: 'Update the worker',
    hint: 'The browser looks for a newer script.',
    run: async () => (await registration())?.update(),
  },
  {
    name: 'Unregister the worker',
    hint: 'The page registers it again.',
    run: async () => (await registration())?.unregister(),
  },
  { name: 'Delete the data', hint: 'Another tab or the browser could do this.', run: deleteData },
  { name: 'Reload', hint: 'The session must be there again.', run: async () => location.reload() },
];
