import { strings } from '../ui/index.ts';

/** Chromium's offer to install (https://wicg.github.io/manifest-incubations/); not in TypeScript's library. */
type InstallOffer = Event & { prompt(): Promise<{ outcome: 'accepted' | 'dismissed' }> };

const isOffer = (event: Event): event is InstallOffer => 'prompt' in event && typeof event.prompt === 'function';

/**
 * Shows the button only while the browser offers to install, which it may do at any moment: call it early. Gives what
 * is to be done when another language is spoken.
 */
export const offerInstall = (button: HTMLElement): (() => void) => {
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
    // an offer can be taken once; the browser makes another one if it was declined
    void offer?.prompt();
    show(undefined);
  });
  return () => {
    button.textContent = strings().install;
  };
};
