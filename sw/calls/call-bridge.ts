import { expose, type Endpoint } from 'comlink';
import { MARK } from '../../src/protocol/bridge/bridge-constants.ts';
import type { KeeperApi, Marked, WorkerMessage } from '../../src/protocol/bridge/bridge.ts';
import { failed } from '../../src/protocol/problem.ts';
import { checkCall } from './call-guard.ts';

type Source = { postMessage(message: unknown): void };

/**
 * Answers one call, and resolves when the answer is sent. The comlink endpoint exists for one message only. So the death
 * of the worker breaks no connection: the next call starts the next worker.
 */
export const answerCall = (api: KeeperApi, source: Source, message: unknown, isWithinLimit: boolean): Promise<void> => {
  const call = checkCall(message);
  if (!call) return Promise.resolve();
  const reply = (answer: unknown): void =>
    source.postMessage({ mark: MARK, type: 'answer', message: answer } satisfies Marked<WorkerMessage>);
  const problem =
    call.problem ?? (isWithinLimit ? undefined : ({ code: 'over-limit', detail: 'message-rate' } as const));
  if (problem) {
    reply({ id: call.id, type: 'RAW', value: failed(problem) });
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
