import { frameStrings, preference, unread } from '../ui/index.ts';

/** One notification for all tabs: a newer one replaces it. */
const TAG = 'session-keeper-messages';

const show = async (title: string, body: string): Promise<void> => {
  const options = { body, tag: TAG, icon: '/icons/icon-192.png' };
  try {
    const shown = new Notification(title, options);
    shown.onclick = () => {
      focus();
      location.hash = 'messages';
      shown.close();
    };
  } catch {
    // Chromium on Android has notifications of a worker only (https://crbug.com/481856)
    await (await navigator.serviceWorker.getRegistration())?.showNotification(title, options);
  }
};

/** Notifies the user of new messages while no one looks at this page, if the user wants that. */
export const notifyOfMessages = (page: Document): void => {
  let known = unread.value;
  unread.subscribe(() => {
    const more = unread.value > known;
    known = unread.value;
    const isWanted = preference('notifications') === 'on' && 'Notification' in globalThis;
    if (!more || !page.hidden || !isWanted || Notification.permission !== 'granted') return;
    void show('Session Keeper', frameStrings().unread(unread.value));
  });
};
