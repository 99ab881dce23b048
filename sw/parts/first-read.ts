import { DATABASE_NAME } from '../../src/host/storage/connection.ts';
import { deploymentName, named } from '../../src/host/runtime/deployment-name.ts';
import { startFirstRead } from '../../src/host/storage/first-read.ts';
import { readInjectedConfig } from './injected-config.ts';
import { isActiveWorker } from '../updates/active-worker.ts';

declare const self: ServiceWorkerGlobalScope;

const databaseName = (): string => {
  const { pathname } = new URL(self.registration.scope);
  return named(DATABASE_NAME, { name: deploymentName(readInjectedConfig()?.config.name, pathname) });
};

/**
 * Imported before all else, so that the disk works while the script is evaluated. A worker that is not active reads
 * nothing: the session may change until it is (invariant 13).
 */
export const firstRead = isActiveWorker() ? startFirstRead(databaseName()) : undefined;
