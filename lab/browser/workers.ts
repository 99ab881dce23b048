import { isObject, own, stringAt } from '../../src/protocol/schema/json.ts';
import { clockScript } from './clock-script.ts';
import type { Debugger } from './debugger.ts';

/** All service and shared workers of a browser. */
export type Workers = {
  /** Shifts the clock of the running ones now, and of each later one before its first statement. */
  setClock(offsetMs: number): Promise<void>;
  /** Runs a script in the running ones now, and in each later one before its first statement. */
  addScript(source: string): Promise<void>;
};

const WORKER_TYPES = ['service_worker', 'shared_worker'];

/**
 * Follows each worker from before its first statement. A worker that starts again has the same target, which the browser
 * does not attach again. So a breakpoint before its script stops it (measured with Chromium 156).
 *
 * There is no breakpoint while there is nothing to run. With a debugger, the installation of a worker that caches scripts
 * sometimes never ends: in 1 of 15 runs on a loaded machine, against 0 of 87 without (Chromium 156).
 */
export const followWorkers = async (browser: Debugger): Promise<Workers> => {
  const sessions = new Set<string>();
  const scripts: string[] = [];
  let offsetMs = 0;
  const run = (session: string, expression: string): Promise<unknown> =>
    browser.command('Runtime.evaluate', { expression }, session);
  const prepare = (session: string): void => {
    if (offsetMs !== 0) void run(session, clockScript(offsetMs));
    for (const script of scripts) void run(session, script);
  };

  const setBreakpoint = (session: string): Promise<unknown> =>
    offsetMs === 0 && scripts.length === 0
      ? browser.command('Debugger.disable', {}, session)
      : Promise.all([
          browser.command('Debugger.enable', {}, session),
          browser.command(
            'Debugger.setInstrumentationBreakpoint',
            { instrumentation: 'beforeScriptExecution' },
            session,
          ),
        ]);
  const follow = async (session: string): Promise<void> => {
    sessions.add(session);
    await Promise.all([setBreakpoint(session), browser.command('Runtime.runIfWaitingForDebugger', {}, session)]);
  };
  const inRunning = (script: string): Promise<unknown> =>
    Promise.all([...sessions].map((session) => Promise.all([setBreakpoint(session), run(session, script)])));

  browser.onEvent(({ method, params, session }) => {
    if (method === 'Target.attachedToTarget') {
      const [id, target] = [stringAt(params, 'sessionId'), own(params, 'targetInfo')];
      if (id === undefined || !isObject(target)) return;
      void follow(id);
    }
    if (method === 'Target.detachedFromTarget') sessions.delete(stringAt(params, 'sessionId') ?? '');
    if (method === 'Debugger.paused' && session !== undefined) {
      prepare(session);
      void browser.command('Debugger.resume', {}, session);
    }
  });
  await browser.command('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: true,
    flatten: true,
    filter: [...WORKER_TYPES.map((type) => ({ type, exclude: false })), { exclude: true }],
  });
  return {
    setClock: async (ms) => {
      offsetMs = ms;
      await inRunning(clockScript(ms));
    },
    addScript: async (source) => {
      scripts.push(source);
      await inRunning(source);
    },
  };
};
