const CHANNEL = 'session-keeper-update';

const isEdited = (element: Element): boolean =>
  (element instanceof HTMLInputElement &&
    !['radio', 'checkbox', 'file'].includes(element.type) &&
    element.value !== '') ||
  (element instanceof HTMLTextAreaElement && element.value !== element.defaultValue);

/** Whether somebody has typed something here that a reload would lose. */
const hasEdits = (root: ParentNode): boolean =>
  [...root.querySelectorAll('*')].some(
    (element) => isEdited(element) || (element.shadowRoot !== null && hasEdits(element.shadowRoot)),
  );

/**
 * Whoever takes the new version in one tab takes it in all that nobody looks at; a tab that is in view, or where
 * something was typed, keeps its notice: no page reloads by itself while a person works with it.
 */
export const reloadHiddenTabs = (page: Document): void => {
  let channel: BroadcastChannel | undefined;
  const open = (): void => {
    channel ??= new BroadcastChannel(CHANNEL);
    channel.onmessage = () => {
      if (page.hidden && !hasEdits(page)) location.reload();
    };
  };
  open();
  // a channel that hears something drops its page from the back-forward cache
  addEventListener('pagehide', () => {
    channel?.close();
    channel = undefined;
  });
  addEventListener('pageshow', open);
  page.addEventListener('session-update', () => channel?.postMessage('reload'));
};
