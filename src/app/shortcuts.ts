import { preference } from '../ui/index.ts';

/** The value of the preference that turns the shortcuts off (WCAG 2.1.4). */
const OFF = 'off';
/** The second key follows the first one within this time. */
const SEQUENCE_MS = 1_500;

const isTyping = (event: KeyboardEvent): boolean => {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
  );
};

/** Opens the sheet. Its element loads when it is first wanted. */
const showSheet = async (page: Document): Promise<void> => {
  const { SessionShortcuts } = await import('../ui/account/session-shortcuts.ts');
  const known = page.querySelector('session-shortcuts');
  const sheet = known instanceof SessionShortcuts ? known : new SessionShortcuts();
  if (!sheet.isConnected) page.body.append(sheet);
  await sheet.updateComplete;
  sheet.show();
};

/** `?` shows the shortcuts; `g` and a letter open a page. Keys that a person types into a field stay there. */
export const listenToShortcuts = (page: Document): void => {
  let startedAt = -Infinity;
  page.addEventListener('session-shortcuts', () => void showSheet(page));
  page.addEventListener('keydown', (event) => {
    const isCombined = event.ctrlKey || event.metaKey || event.altKey;
    if (event.defaultPrevented || isCombined || isTyping(event) || preference('shortcuts') === OFF) return;
    if (event.key === '?') return void showSheet(page);
    const isSecond = event.timeStamp - startedAt < SEQUENCE_MS;
    startedAt = event.key === 'g' ? event.timeStamp : -Infinity;
    if (!isSecond) return;
    void import('../ui/account/session-shortcuts.ts').then(({ SHORTCUT_PAGES }) => {
      const wanted = Object.entries(SHORTCUT_PAGES).find(([key]) => key === event.key);
      if (wanted && !page.querySelector('session-nav:not([active])')) location.hash = wanted[1];
    });
  });
};
