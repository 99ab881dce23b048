import type { Transport } from '../connection/transport.ts';
import { registerWorker, type WorkerPart } from '../connection/worker-registration.ts';
import { reachesKeeper, workerTransport } from '../connection/worker-transport.ts';

/** The installation of a worker may succeed later: on a better network, or after a deployment. */
const LOOK_EVERY_MS = 60_000;

type UpgradeOptions = {
  script: string | TrustedScriptURL;
  part: Promise<WorkerPart>;
  tab: string;
  /** The session that the page shows, for calls to the worker. */
  session(): string | undefined;
  stop(): void;
};

/** Uses the host in the page until there is a worker. Then it moves the session there and forwards to the worker. */
export const upgradeToWorker = (page: Transport, { script, part, tab, session, stop }: UpgradeOptions): Transport => {
  let current = page;

  const search = async (): Promise<boolean> => {
    const site = await registerWorker(script, part);
    if (!site.ok || !(await site.value.controlled())) return false;
    // Another library's worker may control this page.
    if (!(await reachesKeeper(site.value.folder).catch(() => false))) return false;
    const worker = workerTransport(site.value, tab, session);
    stop();
    const record = await page.api.backup();
    // The worker may have started before the record was on disk.
    if (record.ok && record.value !== null) await worker.api.restore(record.value);
    current = worker;
    return true;
  };

  return {
    api: {
      snapshot: () => current.api.snapshot(),
      signIn: (intent) => current.api.signIn(intent),
      signOut: (which) => current.api.signOut(which),
      nudge: (cause) => current.api.nudge(cause),
      journal: () => current.api.journal(),
      publish: (message) => current.api.publish(message),
      backup: () => current.api.backup(),
      restore: (record) => current.api.restore(record),
      sessions: () => current.api.sessions(),
      showSession: (name) => current.api.showSession(name),
      signOutSession: (name) => current.api.signOutSession(name),
    },
    keepAlive: {
      start: () => current.keepAlive.start(),
      stop: () => current.keepAlive.stop(),
      workerDied: () => current.keepAlive.workerDied(),
    },
    isBypassed: () => current.isBypassed(),
    currentHost: () => current.currentHost(),
    attach: (intro, port) => current.attach(intro, port),
    repair: () => current.repair(),
    hostGone: (life, signal) => current.hostGone(life, signal),
    hostDied: () => current.hostDied(),
    awaitTakeover: () => current.awaitTakeover(),
    watchControl: (onControl, signal) => {
      const done = new AbortController();
      let searching: Promise<void> | undefined;
      const look = (): void => {
        searching ??= search().then((found) => {
          searching = undefined;
          if (!found || done.signal.aborted) return;
          done.abort();
          current.watchControl(onControl, signal);
          onControl();
        });
      };
      const timer = setInterval(look, LOOK_EVERY_MS);
      done.signal.addEventListener('abort', () => clearInterval(timer));
      signal.addEventListener('abort', () => done.abort());
      addEventListener('online', look, { signal: done.signal });
      document.addEventListener('visibilitychange', look, { signal: done.signal });
    },
    fetch: (request) => current.fetch(request),
    get abort() {
      return current.abort;
    },
  };
};
