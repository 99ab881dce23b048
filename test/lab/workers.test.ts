import { expect, test, vi } from 'vitest';
import type { Debugger, DebuggerEvent } from '../../lab/browser/debugger.ts';
import { followWorkers } from '../../lab/browser/workers.ts';

/** A browser with one worker, which answers each command at once. `evaluate`: its answer to a script. */
const startBrowser = async (evaluate: () => Promise<object> = async () => ({})) => {
  const commands: string[] = [];
  const listeners = new Set<(event: DebuggerEvent) => void>();
  const browser: Debugger = {
    command: async (method, _params, session) => {
      if (session !== undefined) commands.push(method);
      return method === 'Runtime.evaluate' ? evaluate() : {};
    },
    onEvent: (listener) => void listeners.add(listener),
    on: () => () => undefined,
    close: () => undefined,
  };
  const workers = await followWorkers(browser);
  const report = (method: string, params: DebuggerEvent['params'] = {}, session?: string): void =>
    listeners.forEach((listener) => listener({ method, params, session }));
  report('Target.attachedToTarget', { sessionId: 'w', targetInfo: {} });
  report('Inspector.workerScriptLoaded', {}, 'w');
  commands.length = 0;
  return { workers, commands, report };
};

const LONG_MS = 60_000;
const SCRIPT_RUNS = ['Debugger.enable', 'Debugger.setInstrumentationBreakpoint', 'Runtime.evaluate'];

test('a running worker gets another clock at once', async () => {
  const { workers, commands } = await startBrowser();
  await workers.setClock(1_000);
  expect(commands).toEqual(SCRIPT_RUNS);
});

test('a killed worker gets it when its own script has run again, because it would be stuck before', async () => {
  const { workers, commands, report } = await startBrowser();
  report('Inspector.targetCrashed', {}, 'w');
  report('Inspector.targetReloadedAfterCrash', {}, 'w');
  const shifted = workers.setClock(1_000);
  expect(commands).toEqual([]);
  report('Inspector.workerScriptLoaded', {}, 'w');
  await shifted;
  expect(commands).toEqual(SCRIPT_RUNS);
  await workers.setClock(2_000);
  expect(commands).toEqual([...SCRIPT_RUNS, ...SCRIPT_RUNS]);
});

test('a call waits a second at most for a killed worker, which gets the script later', async () => {
  const { workers, commands, report } = await startBrowser();
  report('Inspector.targetCrashed', {}, 'w');
  await workers.setClock(1_000);
  await workers.addScript('first()');
  expect(commands).toEqual([]);
  report('Inspector.workerScriptLoaded', {}, 'w');
  expect(commands).toEqual([...SCRIPT_RUNS, 'Runtime.evaluate']);
});

test('a call does not wait for good for a worker that ends before it answers', async () => {
  vi.useFakeTimers();
  try {
    const { workers } = await startBrowser(() => new Promise(() => undefined));
    const shifted = vi.fn<() => void>();
    void workers.setClock(1).then(shifted);
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(shifted).toHaveBeenCalled();
  } finally {
    vi.useRealTimers();
  }
});
