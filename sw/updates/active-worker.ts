declare const self: ServiceWorkerGlobalScope;

/**
 * Whether this worker is the active one when its script starts. Browsers without `self.serviceWorker` (Firefox before 135)
 * do not say. Then the first event that only an active worker gets shows it.
 */
export const isActiveWorker = (): boolean => ['activating', 'activated'].includes(self.serviceWorker?.state);
