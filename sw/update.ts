declare const self: ServiceWorkerGlobalScope;

/**
 * Calls `handOver` in the old worker once a newcomer is installed: from then on nothing may hold the old one. The
 * newcomer hears of its own installation too, and must not take it for its end.
 */
export const onNewcomer = (registration: ServiceWorkerRegistration, handOver: () => void): void => {
  registration.addEventListener('updatefound', () => {
    const newcomer = registration.installing;
    newcomer?.addEventListener('statechange', () => {
      const inOffice = self.serviceWorker.state === 'activating' || self.serviceWorker.state === 'activated';
      if (newcomer.state === 'installed' && newcomer !== self.serviceWorker && inOffice) handOver();
    });
  });
};
