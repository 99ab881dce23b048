import { askBrowser } from '../../../lab/browser/bare-tab.ts';
import { attach, type Debugger } from '../../../lab/browser/debugger.ts';
import { own, stringAt, isObject } from '../../../src/protocol/schema/json.ts';
import { object } from '../../../src/protocol/schema/schema.ts';
import { count } from '../../../src/protocol/schema/schema-types.ts';

/** https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#method-getHeapUsage */
const HEAP = object({ usedSize: count, embedderHeapUsedSize: count, backingStorageSize: count });

/** Bytes of scripts, DOM and buffers that a page or a worker holds after a garbage collection. */
export const heldMemory = async (debug: Debugger): Promise<number> => {
  await debug.command('HeapProfiler.collectGarbage');
  const answer = await debug.command('Runtime.getHeapUsage');
  const heap = HEAP.read(own(answer, 'result'));
  if (!heap) throw new Error(`The browser reports no heap: ${JSON.stringify(answer)}`);
  return heap.usedSize + heap.embedderHeapUsedSize + heap.backingStorageSize;
};

/** The same of all running service workers of the browser at `host`. No debugger stays: it would keep them alive. */
export const heldByWorkers = async (host: string): Promise<number> => {
  const targets = await askBrowser(host, '/json/list');
  let total = 0;
  for (const target of Array.isArray(targets) ? (targets as readonly unknown[]) : []) {
    if (!isObject(target) || stringAt(target, 'type') !== 'service_worker') continue;
    const debug = await attach(stringAt(target, 'webSocketDebuggerUrl') ?? '');
    total += await heldMemory(debug);
    debug.close();
  }
  return total;
};
