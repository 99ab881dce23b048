import { MARK } from '../../protocol/bridge/bridge-constants.ts';
import { VAULT_READY } from '../../protocol/bridge/vault.ts';
import { isObject, own } from '../../protocol/schema/json.ts';
import { PAGE_BACKOFF, retryDelay } from '../../protocol/timing/backoff.ts';
import { startTimer } from '../../protocol/timing/timer.ts';

/** A document that failed to load fires `load` too, without a word of the vault. The scripts of a good one run before. */
const SILENT_AFTER_MS = 1_000;

export type VaultFrame = {
  /** Removes the frame for good. */
  close(): void;
};

/**
 * Keeps the vault's document in a hidden frame of this page. A frame that a script removes comes back, and one that did not
 * load is loaded again: with a growing pause, and when the network is back. `onOpen` gets a new port for each document.
 */
export const createVaultFrame = (
  address: URL,
  tab: string,
  { onOpen, isOpen }: { onOpen(port: MessagePort): void; isOpen(): boolean },
): VaultFrame => {
  const ending = new AbortController();
  const { signal } = ending;
  const frame = document.createElement('iframe');
  // `display: none` would keep some browsers from running its timers.
  frame.style.cssText = 'position:fixed;width:0;height:0;border:0;visibility:hidden';
  frame.title = 'Session Keeper';
  frame.tabIndex = -1;
  frame.setAttribute('aria-hidden', 'true');
  /** Each document of the vault greets once and loads once, in either order. Any other document only loads. */
  let greeting: 'none' | 'before its load' | 'awaited' = 'none';
  let failures = 0;
  let cancelRetry = (): void => {};

  const load = (): void => {
    cancelRetry();
    if (signal.aborted) return;
    frame.src = address.href;
    if (!frame.isConnected) document.documentElement.append(frame);
  };
  /** A script of the page may have sent the frame elsewhere, too. */
  const loaded = (): void => {
    cancelRetry();
    const isKnown = greeting === 'before its load' && isOpen();
    greeting = isKnown ? 'none' : 'awaited';
    if (isKnown) return;
    cancelRetry = startTimer(() => {
      cancelRetry = startTimer(load, retryDelay(failures, PAGE_BACKOFF, Math.random()));
      failures += 1;
    }, SILENT_AFTER_MS);
  };
  const receive = ({ source, origin, data }: MessageEvent<unknown>): void => {
    if (source === null || source !== frame.contentWindow || origin !== address.origin) return;
    if (!isObject(data) || own(data, 'mark') !== MARK || own(data, 'type') !== VAULT_READY) return;
    if (greeting === 'awaited') cancelRetry();
    greeting = greeting === 'awaited' ? 'none' : 'before its load';
    failures = 0;
    const { port1, port2 } = new MessageChannel();
    frame.contentWindow.postMessage({ mark: MARK, type: 'vault-open', tab }, origin, [port2]);
    onOpen(port1);
  };

  addEventListener('message', receive, { signal });
  addEventListener('online', () => failures === 0 || load(), { signal });
  frame.addEventListener('load', loaded, { signal });
  // A page that renders its whole document again removes what it does not know.
  const watch = new MutationObserver(() => frame.isConnected || load());
  watch.observe(document.documentElement, { childList: true });
  load();
  return {
    close() {
      ending.abort();
      cancelRetry();
      watch.disconnect();
      frame.remove();
    },
  };
};
