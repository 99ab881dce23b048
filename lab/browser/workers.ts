import { elapse } from '../base/elapse.ts';
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
/** How long a call waits for a killed worker that starts again. It may have no reason to start. */
const STARTS_WITHIN_MS = 1_000;
/** A worker that is ended in this moment never answers. A later start of it gets the script anyway. */
const ANSWERS_WITHIN_MS = 5_000;

/**
 * Follows each worker from before its first statement. A worker that starts again has the same target, which the browser
 * does not attach again. So a breakpoint before its script stops it (measured with Chromium 156).
 *
 * There is no breakpoint while there is nothing to run. With a debugger, the installation of a worker that caches scripts
 * sometimes never ends: in 1 of 15 runs on a loaded machine, against 0 of 87 without (Chromium 156).
 *
 * A script that reaches a killed worker while it starts again leaves it stuck: its page waits for it for good. So that worker
 * gets the script when its own has run (measured with Chromium 156).
 */
export const followWorkers = async (browser: Debugger): Promise<Workers> => {
  const sessions = new Set<string>();
  /** Sessions of killed workers whose script has not run again yet, and who waits for that. */
  const killed = new Map<string, (() => void)[]>();
  const scripts: string[] = [];
  let offsetMs = 0;
  const run = (session: string, expression: string): Promise<unknown> =>
    browser.command('Runtime.evaluate', { expression }, session);
  const prepare = (session: string): Promise<unknown> =>
    Promise.all([...(offsetMs === 0 ? [] : [clockScript(offsetMs)]), ...scripts].map((script) => run(session, script)));

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
    Promise.all(
      [...sessions].map((session) => {
        const waiting = killed.get(session);
        if (!waiting)
          return Promise.race([Promise.all([setBreakpoint(session), run(session, script)]), elapse(ANSWERS_WITHIN_MS)]);
        return Promise.race([new Promise<void>((resolve) => waiting.push(resolve)), elapse(STARTS_WITHIN_MS)]);
      }),
    );
  const startedAgain = async (session: string): Promise<void> => {
    const waiting = killed.get(session) ?? [];
    killed.delete(session);
    if (waiting.length === 0) return;
    await Promise.all([setBreakpoint(session), prepare(session)]);
    for (const resolve of waiting) resolve();
  };

  browser.onEvent(({ method, params, session }) => {
    if (method === 'Target.attachedToTarget') {
      const [id, target] = [stringAt(params, 'sessionId'), own(params, 'targetInfo')];
      if (id === undefined || !isObject(target)) return;
      void follow(id);
    }
    if (method === 'Target.detachedFromTarget') {
      sessions.delete(stringAt(params, 'sessionId') ?? '');
      killed.delete(stringAt(params, 'sessionId') ?? '');
    }
    if (method === 'Inspector.targetCrashed' && session !== undefined) killed.set(session, []);
    if (method === 'Inspector.workerScriptLoaded' && session !== undefined) void startedAgain(session);
    if (method === 'Debugger.paused' && session !== undefined) {
      void prepare(session);
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
