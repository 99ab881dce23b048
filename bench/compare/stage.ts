import { setTimeout as rest } from 'node:timers/promises';
import type { BareTab } from '../../test/support/browser/bare-browser.ts';
import { isObject, own, parseJson, stringAt } from '../../src/protocol/schema/json.ts';
import type { Report } from './subjects/page.ts';
import type { Site } from './site.ts';

/** A tab on which subjects are measured, over a DevTools connection to the page alone. */
export type Stage = {
  readonly tab: BareTab;
  /** Opens the page where the subject does nothing by itself. */
  openIdle(site: Site): Promise<void>;
  /** Opens the subject's page. Resolves when the backend has verified its session. */
  open(site: Site): Promise<Verified>;
  /** Loads the page again, as a user does. */
  reload(): Promise<Verified>;
  signIn(site: Site): Promise<void>;
  /** Resolves when no worker runs. */
  stopWorkers(): Promise<void>;
};

/** `at`: ms since the navigation began. `origin`: when that was. */
export type Verified = { origin: number; at: number };

const REPORT_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 20;

const reportOf = (params: unknown): Report | undefined => {
  const payload = isObject(params) ? stringAt(params, 'payload') : undefined;
  return payload === undefined ? undefined : (parseJson(payload) as Report);
};

/** Notes which versions of a worker run, by an event's parameters. */
const noteVersions = (running: Map<string, boolean>, params: unknown): void => {
  const versions = isObject(params) ? own(params, 'versions') : undefined;
  for (const version of Array.isArray(versions) ? (versions as unknown[]) : []) {
    const id = isObject(version) ? stringAt(version, 'versionId') : undefined;
    if (id !== undefined && isObject(version)) running.set(id, own(version, 'runningStatus') !== 'stopped');
  }
};

const FILL_IN = `(() => {
  const form = document.querySelector('form');
  const user = form?.querySelector('[name=username]');
  if (!user) return false;
  user.value = 'demo';
  form.querySelector('[type=password]').value = 'demo';
  form.requestSubmit(form.querySelector('[value=sign-in]'));
  return true;
})()`;

export const createStage = async (tab: BareTab): Promise<Stage> => {
  const { command, on } = tab.debug;
  // A binding is in the page only while this is on (Chromium 156).
  await command('Runtime.enable');
  await command('Runtime.addBinding', { name: 'report' });

  const nextReport = <T extends Report['type']>(type: T): Promise<Extract<Report, { type: T }>> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => finish(() => reject(new Error(`No "${type}" came.`))), REPORT_WITHIN_MS);
      const off = on('Runtime.bindingCalled', (params) => {
        const report = reportOf(params);
        if (report?.type === 'failed') finish(() => reject(new Error(report.why)));
        if (report?.type === type) finish(() => resolve(report as Extract<Report, { type: T }>));
      });
      const finish = (settle: () => void): void => {
        clearTimeout(late);
        off();
        settle();
      };
    });

  const navigate = async <T extends Report['type']>(url: string, type: T): Promise<Extract<Report, { type: T }>> => {
    const report = nextReport(type);
    await command('Page.navigate', { url });
    return report;
  };

  const open = (site: Site): Promise<Verified> => navigate(site.page, 'verified');
  const openIdle = async (site: Site): Promise<void> => void (await navigate(site.idlePage, 'idle'));

  const signInAtProvider = async (site: Site): Promise<void> => {
    // The provider sends the user back to this page.
    const back = nextReport('idle');
    void tab.evaluate('subject.signIn()').catch(() => undefined);
    while ((await tab.evaluate(FILL_IN).catch(() => false)) !== true) await rest(LOOK_EVERY_MS);
    await back;
    await open(site);
  };

  return {
    tab,
    open,
    openIdle,
    async reload() {
      const report = nextReport('verified');
      await command('Page.reload');
      return report;
    },
    async signIn(site) {
      await openIdle(site);
      if (site.subject.signIn !== 'password') return signInAtProvider(site);
      await tab.evaluate('subject.signIn()');
      await open(site);
    },
    async stopWorkers() {
      const running = new Map<string, boolean>();
      const runs = (): boolean => [...running.values()].includes(true);
      let changed = (): void => undefined;
      const off = on('ServiceWorker.workerVersionUpdated', (params) => {
        noteVersions(running, params);
        changed();
      });
      await command('ServiceWorker.enable');
      await command('ServiceWorker.stopAllWorkers');
      while (runs()) await new Promise<void>((resolve) => (changed = resolve));
      off();
      await command('ServiceWorker.disable');
    },
  };
};
