/** Calls `handOver` in the old worker once a newcomer is installed: from then on nothing may hold the old one. */
export const onNewcomer = (registration: ServiceWorkerRegistration, handOver: () => void): void => {
  registration.addEventListener('updatefound', () => {
    const newcomer = registration.installing;
    newcomer?.addEventListener('statechange', () => {
      if (newcomer.state === 'installed') handOver();
    });
  });
};
