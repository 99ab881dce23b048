const CHANNEL = 'session-keeper-update';

const isEdited = (element: Element): boolean =>
  (element instanceof HTMLInputElement &&
    !['radio', 'checkbox', 'file'].includes(element.type) &&
    element.value !== element.defaultValue) ||
  (element instanceof HTMLTextAreaElement && element.value !== element.defaultValue);

/** Whether a reload would lose something that was typed. */
const hasEdits = (root: ParentNode): boolean =>
  [...root.querySelectorAll('*')].some(
    (element) => isEdited(element) || (element.shadowRoot !== null && hasEdits(element.shadowRoot)),
  );

/**
 * A reload to the new version in one tab reloads the hidden tabs too. A visible tab, or one with typed text, keeps its
 * notice instead: no page reloads by itself while a person works with it.
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
  // a message to an open channel evicts its page from the back/forward cache
  addEventListener('pagehide', () => {
    channel?.close();
    channel = undefined;
  });
  addEventListener('pageshow', open);
  page.addEventListener('session-update', () => channel?.postMessage('reload'));
};
