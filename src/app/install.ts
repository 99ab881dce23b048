/** Chromium's `beforeinstallprompt` event (https://wicg.github.io/manifest-incubations/); not in TypeScript's library. */
type InstallOffer = Event & { prompt(): Promise<{ outcome: 'accepted' | 'dismissed' }> };

const isOffer = (event: Event): event is InstallOffer => 'prompt' in event && typeof event.prompt === 'function';

/** Shows the button while the browser offers to install. Call it early: the offer may come at any moment. */
export const offerInstall = (button: HTMLElement): void => {
  let offer: InstallOffer | undefined;
  const show = (offered: InstallOffer | undefined): void => {
    offer = offered;
    button.hidden = offered === undefined;
  };
  addEventListener('beforeinstallprompt', (event) => {
    if (!isOffer(event)) return;
    event.preventDefault();
    show(event);
  });
  addEventListener('appinstalled', () => {
    show(undefined);
  });
  button.addEventListener('click', () => {
    // an offer can be used once; after a refusal the browser makes a new one
    void offer?.prompt();
    show(undefined);
  });
};
