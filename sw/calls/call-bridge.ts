import { expose, type Endpoint } from 'comlink';
import { MARK, type KeeperApi, type WorkerMessage } from '../../src/protocol/bridge.ts';
import { failed } from '../../src/protocol/problem.ts';
import { admit } from './call-guard.ts';

type Source = { postMessage(message: unknown): void };

/**
 * Answers one call. The endpoint lives for one message, so there is nothing that a worker's death could cut: the next
 * call simply starts the next worker. Resolves when the answer is out.
 */
export const answerCall = (api: KeeperApi, source: Source, message: unknown, paced: boolean): Promise<void> => {
  const call = admit(message);
  if (!call) return Promise.resolve();
  const reply = (answer: unknown): void =>
    source.postMessage({ mark: MARK, type: 'answer', message: answer } satisfies WorkerMessage);
  if (!call.admitted || !paced) {
    const code = call.admitted ? 'over-limit' : 'bad-message';
    reply({ id: call.id, type: 'RAW', value: failed({ code, detail: 'refused' }) });
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const endpoint: Endpoint = {
      postMessage(answer: unknown) {
        reply(answer);
        resolve();
      },
      addEventListener(_type, listener) {
        const event = new MessageEvent('message', { data: message, origin: location.origin });
        if (typeof listener === 'function') listener(event);
        else listener.handleEvent(event);
      },
      removeEventListener: () => undefined,
    };
    expose(api, endpoint);
  });
};
