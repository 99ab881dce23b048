import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firefox } from 'playwright-core';
import { elapse } from '../base/elapse.ts';
import { clockScript } from './clock-script.ts';
import type { LabBrowser, LabBrowserOptions } from './lab-browser.ts';

/** Firefox stops a worker so long after its last event. */
const IDLE_TIMEOUT_MS = 2_000;
/** Longer than that, with what its end takes. */
const DEAD_AFTER_MS = 3_000;

/** All hosts through the network, loopback too, and names resolved there. */
const proxyPrefs = (proxy: string): Record<string, string | number | boolean> => {
  const [host = '', port = ''] = proxy.split(':');
  return {
    'network.proxy.type': 1,
    'network.proxy.socks': host,
    'network.proxy.socks_port': Number(port),
    'network.proxy.socks_version': 5,
    'network.proxy.socks_remote_dns': true,
    'network.proxy.allow_hijacking_localhost': true,
    'network.proxy.no_proxies_on': '',
  };
};

const refuse = (what: string) => (): Promise<never> => Promise.reject(new Error(`Firefox cannot ${what} here.`));

/**
 * Firefox over WebDriver BiDi, which reaches pages only. So workers end by a short idle time, and what needs a debugger
 * on a worker is refused: the runner skips such scenarios.
 */
export const startLabFirefox = async ({
  executablePath,
  proxy,
  headed = false,
}: LabBrowserOptions): Promise<LabBrowser> => {
  const profile = await mkdtemp(join(tmpdir(), 'keeper-profile-'));
  const context = await firefox.launchPersistentContext(profile, {
    channel: 'moz-firefox',
    executablePath,
    headless: !headed,
    // The lab's own certificate.
    ignoreHTTPSErrors: true,
    firefoxUserPrefs: {
      ...proxyPrefs(proxy),
      'dom.serviceWorkers.idle_timeout': IDLE_TIMEOUT_MS,
      'dom.serviceWorkers.idle_extended_timeout': IDLE_TIMEOUT_MS,
    },
  });
  const page = context.pages()[0] ?? (await context.newPage());
  return {
    engine: 'firefox',
    version: context.browser()?.version() ?? 'unknown',
    context: () => context,
    page: () => page,
    setClockOffset: async (ms) => {
      await context.addInitScript(clockScript(ms));
      await Promise.all(context.pages().map((each) => each.evaluate(clockScript(ms)).catch(() => undefined)));
    },
    workers: { setClock: () => Promise.resolve(), addScript: () => Promise.resolve() },
    addScript: refuse('run scripts in workers'),
    detached: refuse('hide or freeze a tab'),
    killWorkers: () => elapse(DEAD_AFTER_MS),
    suspend: refuse('stop as a whole'),
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
