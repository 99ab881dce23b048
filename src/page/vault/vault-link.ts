import { VAULT_ANSWER, type VaultAnswer, type VaultQuestion } from '../../protocol/bridge/vault.ts';
import { withDeadline } from '../../protocol/timing/timer.ts';
import { createVaultFrame } from './vault-frame.ts';

/** How long (ms) a request or a call waits for the frame. */
const OPEN_DEADLINE_MS = 10_000;

/** The port to the frame's present document, over any number of documents. */
export type VaultLink = {
  /** Resolves with a signal that aborts when this document is gone. `undefined`: there is none for a long time. */
  opened(): Promise<AbortSignal | undefined>;
  /** Dropped without a document: what waits for an answer asks the next one. */
  post(question: VaultQuestion, transfer?: Transferable[]): void;
  close(): void;
};

type Open = { port: MessagePort; lost: AbortController };

/** `onAnswer`: parsed messages of the frame. `onOpen`: its document is another one. */
export const createVaultLink = (
  address: URL,
  tab: string,
  { onAnswer, onOpen }: { onAnswer(answer: VaultAnswer): void; onOpen(): void },
): VaultLink => {
  let open: Open | undefined;
  let announce = (): void => {};
  let first = new Promise<void>((resolve) => (announce = resolve));

  const leave = (): void => {
    open?.port.close();
    // As the body of a response ends when its connection breaks.
    open?.lost.abort(new TypeError('network'));
    open = undefined;
  };
  const receive = (answer: VaultAnswer): void => {
    if (answer.type === 'opened') announce();
    onAnswer(answer);
    if (answer.type === 'opened') onOpen();
  };
  const opened = (port: MessagePort): void => {
    leave();
    open = { port, lost: new AbortController() };
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      const answer = VAULT_ANSWER.read(data);
      if (answer && open?.port === port) receive(answer);
    };
    // Where the browser has this event (Chromium since 122), the loss shows before the next document comes.
    port.addEventListener('close', () => {
      if (open?.port !== port) return;
      first = new Promise((resolve) => (announce = resolve));
      leave();
    });
  };
  const frame = createVaultFrame(address, tab, { onOpen: opened, isOpen: () => open !== undefined });
  return {
    opened: async () => {
      await withDeadline(first, OPEN_DEADLINE_MS, undefined);
      return open?.lost.signal;
    },
    post: (question, transfer = []) => open?.port.postMessage(question, transfer),
    close() {
      frame.close();
      leave();
    },
  };
};
