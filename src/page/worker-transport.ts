import type { Endpoint } from 'comlink';
import { LEASE_PATH, MARK } from '../protocol/bridge.ts';
import { isObject, own } from '../protocol/json.ts';
import type { Problem } from '../protocol/problem.ts';
import { createBridge } from './bridge-client.ts';
import { createLease } from './lease.ts';
import type { Transport } from './transport.ts';
import type { WorkerSite } from './worker-site.ts';

const NEVER = new Promise<never>(() => {});

/**
 * Calls go by `ServiceWorker.postMessage`, which starts a stopped worker; a MessagePort would die with it,
 * silently. The endpoint outlives any number of workers.
 */
const endpointOf = ({ container, post }: WorkerSite): Endpoint => {
  const answers = new EventTarget();
  container.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (!isObject(data) || own(data, 'mark') !== MARK || own(data, 'type') !== 'answer') return;
    answers.dispatchEvent(new MessageEvent('message', { data: own(data, 'message') }));
  });
  container.startMessages();
  return {
    postMessage: (message: unknown, transfer) => post({ type: 'call', message }, transfer),
    addEventListener: answers.addEventListener.bind(answers),
    removeEventListener: answers.removeEventListener.bind(answers),
  };
};

export const workerTransport = (site: WorkerSite, tab: string): Transport => {
  /*
   * Where all workers died while a newcomer was about to come in, Chromium 156 names it as the controller and sends all
   * requests past it, for as long as the document lives or until the next one comes (measured). To claim the page once
   * more is of no effect, as it is said to be controlled; and to register the script by another address, so that there
   * is a next one, crashed the browser.
   */
  let passedBy: ServiceWorker | null = null;
  const isPassedBy = (): boolean => passedBy !== null && passedBy === site.container.controller;
  const bridge = createBridge({ endpoint: endpointOf(site), ready: site.ready });
  return {
    api: bridge.api,
    died: bridge.workerDied,
    lease: createLease({
      url: `${LEASE_PATH}?tab=${tab}`,
      allowed: () => site.container.controller !== null && !isPassedBy(),
      passedBy: () => {
        passedBy = site.container.controller;
      },
    }),
    isPassedBy,
    target: site.worker,
    greet: (intro, port) => {
      void site.ready().then((there) => {
        // without a worker there is no welcome, and the next greeting is preceded by another repair
        if (!there) return;
        site.post({ type: 'attach', intro }, [port]);
        site.askNewcomer();
      });
    },
    repair: site.repair,
    handOver: site.handOver,
    // '' is a host's word for a browser without locks; shared and released at once: no page may keep another from noticing, nor from the back-forward cache
    gone: (life, signal) => (life === '' ? NEVER : navigator.locks.request(life, { mode: 'shared', signal }, () => {})),
    watch: (onControl, signal) => site.container.addEventListener('controllerchange', onControl, { signal }),
    fetch: async (request) => {
      if (!(await site.controlled()) || isPassedBy())
        throw new TypeError('no-worker', { cause: { code: 'no-worker', detail: 'no control' } satisfies Problem });
      return fetch(request);
    },
    abort: (name) => site.worker() && site.post({ type: 'abort', name }),
  };
};
