import type { Endpoint } from 'comlink';
import { LEASE_PATH, MARK } from '../protocol/bridge.ts';
import { isObject, own } from '../protocol/json.ts';
import type { Problem } from '../protocol/problem.ts';
import { createBridge } from './bridge-client.ts';
import { createLease } from './lease.ts';
import type { Transport } from './transport.ts';
import { pressNewcomers } from './update.ts';
import type { WorkerSite } from './worker-site.ts';

const PULSE_SCRIPT = '/keeper-pulse.js';

/**
 * Calls go by `ServiceWorker.postMessage`, which starts a stopped worker; a MessagePort would die with it,
 * silently. The endpoint outlives any number of workers.
 */
const endpointOf = ({ container, post }: WorkerSite): Endpoint => {
  const listeners = new Map<unknown, (event: MessageEvent<unknown>) => void>();
  return {
    postMessage: (message: unknown, transfer) => post({ type: 'call', message }, transfer),
    addEventListener: (_type, listener) => {
      const onMessage = ({ data }: MessageEvent<unknown>) => {
        if (!isObject(data) || own(data, 'mark') !== MARK || own(data, 'type') !== 'answer') return;
        const answer = new MessageEvent('message', { data: own(data, 'message') });
        if (typeof listener === 'function') listener(answer);
        else listener.handleEvent(answer);
      };
      listeners.set(listener, onMessage);
      container.addEventListener('message', onMessage);
      container.startMessages();
    },
    removeEventListener: (_type, listener) => {
      const onMessage = listeners.get(listener);
      if (onMessage) container.removeEventListener('message', onMessage);
      listeners.delete(listener);
    },
  };
};

export const workerTransport = (site: WorkerSite, tab: string): Transport => {
  const bridge = createBridge({ endpoint: endpointOf(site), ready: site.ready });
  return {
    api: bridge.api,
    died: bridge.workerDied,
    lease: createLease({
      url: `${LEASE_PATH}?tab=${tab}`,
      pulse: PULSE_SCRIPT,
      allowed: () => site.container.controller !== null && !site.registration().waiting,
    }),
    target: site.worker,
    greet: (intro, port) => {
      // without an active worker there is no welcome, and the next greeting is preceded by a repair
      if (site.worker()) site.post({ type: 'attach', intro }, [port]);
    },
    repair: site.repair,
    handOver: site.handOver,
    // shared and released at once: no page may keep another from noticing, nor from the back-forward cache
    gone: (life, signal) => navigator.locks.request(life, { mode: 'shared', signal }, () => {}),
    watch: (on, signal) => {
      site.container.addEventListener('controllerchange', on.control, { signal });
      pressNewcomers(site.registration(), on.newcomer, signal);
    },
    fetch: async (input, init) => {
      if (!(await site.controlled())) throw new TypeError('no-worker', { cause: { code: 'no-worker', detail: 'no control' } satisfies Problem });
      return fetch(input, init);
    },
  };
};
