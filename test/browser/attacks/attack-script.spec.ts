import type { Page } from '@playwright/test';
import type { App } from '../../support/server/app.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { startHostileSite } from '../../support/sites/hostile-site.ts';
import { snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { sealOf } from '../../support/page/secrets.ts';
import { signIn } from '../../support/page/sign-in.ts';

/*
 * Injected script tries to read the secret that the server writes into the worker's script. The content security policy
 * is off here, so the seal must hold by itself.
 */
test.use({ bypassCSP: true });

let site: App;
test.beforeAll(async () => {
  site = await startHostileSite();
});
test.afterAll(() => site.stop());

declare global {
  interface Window {
    /** The globals that a worker script left when it ran in this window. */
    caught: string;
    within<T>(work: Promise<T>): Promise<T | 'nothing'>;
    /** Registers a worker and returns the secret that it captured. */
    captureFrom(script: string, type: WorkerType): Promise<string>;
    /** Adds an element and waits until it has loaded or failed. */
    settled(element: HTMLElement): Promise<unknown>;
  }
}

const prepare = (page: Page): Promise<void> =>
  page.evaluate(() => {
    window.caught = '';
    Object.defineProperty(window, '__SESSION_KEEPER__', {
      configurable: true,
      set: (value: unknown) => {
        window.caught += JSON.stringify(value);
      },
      get: () => undefined,
    });
    window.within = (work) =>
      Promise.race([work, new Promise<'nothing'>((resolve) => setTimeout(resolve, 10_000, 'nothing'))]);
    window.settled = (element) =>
      window.within(
        new Promise((resolve) => {
          element.addEventListener('load', resolve);
          element.addEventListener('error', resolve);
          document.body.append(element);
        }),
      );
    window.captureFrom = async (script, type) => {
      const { installing, active } = await navigator.serviceWorker.register(script, { type, scope: `${script}/` });
      const worker = installing ?? active;
      const up = new Promise((resolve) => worker?.addEventListener('statechange', resolve));
      if (!active) await window.within(up);
      const { port1, port2 } = new MessageChannel();
      const answer = new Promise<string>((resolve) => (port1.onmessage = ({ data }) => resolve(String(data))));
      worker?.postMessage('caught', [port2]);
      return window.within(answer);
    };
  });

/** Each returns the text that it could read. The URLs differ, so that no attack gets the cached answer of another. */
const READS: Readonly<Record<string, () => Promise<string>>> = {
  fetch: async () => (await fetch('/sw.js?1')).text(),
  'fetch with forged headers': async () => {
    const headers = { 'service-worker': 'script', 'sec-fetch-dest': 'serviceworker', 'sec-fetch-mode': 'same-origin' };
    return (await fetch('/sw.js?2', { headers, mode: 'same-origin', credentials: 'include' })).text();
  },
  XMLHttpRequest: () =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.addEventListener('loadend', () => resolve(request.responseText));
      request.open('GET', '/sw.js?3');
      request.setRequestHeader('service-worker', 'script');
      request.send();
    }),
  'the HTTP cache': async () => (await fetch('/sw.js', { cache: 'force-cache' })).text(),
  'the HTTP cache only': async () =>
    (await fetch('/sw.js', { cache: 'only-if-cached', mode: 'same-origin' }).catch(() => new Response())).text(),
  'the Cache API': async () => {
    const cache = await caches.open('attack');
    await cache.add('/sw.js?4');
    return (await cache.match('/sw.js?4'))?.text() ?? '';
  },
  'script element': async () => {
    await window.settled(Object.assign(document.createElement('script'), { src: '/sw.js?5' }));
    return window.caught;
  },
  'module script': async () => {
    await window.settled(Object.assign(document.createElement('script'), { src: '/sw.js?6', type: 'module' }));
    return window.caught;
  },
  'import()': async () => {
    const url = '/sw.js?7';
    await import(url).catch(() => undefined);
    return window.caught;
  },
  'modulepreload as a service worker': async () => {
    const [url, link] = ['/sw.js?8', document.createElement('link')];
    link.rel = 'modulepreload';
    link.setAttribute('as', 'serviceworker');
    link.href = url;
    await window.settled(link);
    await import(url).catch(() => undefined);
    return window.caught;
  },
  preload: async () => {
    const texts: string[] = [];
    for (const as of ['fetch', 'script', 'worker', 'serviceworker']) {
      const link = document.createElement('link');
      link.rel = 'preload';
      link.setAttribute('as', as);
      link.href = `/sw.js?9${as}`;
      document.head.append(link);
      texts.push(await (await fetch(link.href, { cache: 'force-cache' })).text());
    }
    return texts.join('\n');
  },
  'dedicated worker': async () => {
    const trap = `Object.defineProperty(self, '__SESSION_KEEPER__', { set: (v) => postMessage(JSON.stringify(v)) });
      try { importScripts('${location.origin}/sw.js?10') } catch {}`;
    const worker = new Worker(URL.createObjectURL(new Blob([trap])));
    const answer = new Promise<string>((resolve) => (worker.onmessage = ({ data }) => resolve(String(data))));
    new Worker('/sw.js?11').terminate();
    return window.within(answer);
  },
  'shared worker': async () => {
    const trap = `let port, secret; const send = () => port && secret && port.postMessage(secret);
      self.onconnect = (event) => { port = event.ports[0]; send(); };
      Object.defineProperty(self, '__SESSION_KEEPER__', { set: (v) => { secret = JSON.stringify(v); send(); } });
      try { importScripts('${location.origin}/sw.js?12') } catch {}`;
    const { port } = new SharedWorker(URL.createObjectURL(new Blob([trap])));
    return window.within(new Promise((resolve) => (port.onmessage = ({ data }) => resolve(String(data)))));
  },
  frame: async () => {
    const frame = Object.assign(document.createElement('iframe'), { src: '/sw.js?13' });
    await window.settled(frame);
    return frame.contentDocument?.documentElement.outerHTML ?? '';
  },
  object: async () => {
    const object = Object.assign(document.createElement('object'), { data: '/sw.js?14', type: 'text/html' });
    await window.settled(object);
    return object.contentDocument?.documentElement.outerHTML ?? '';
  },
  embed: async () => {
    const embed = Object.assign(document.createElement('embed'), { src: '/sw.js?15', type: 'text/html' });
    await window.settled(embed);
    return embed.getSVGDocument()?.documentElement.outerHTML ?? '';
  },
  'pop-up': async () => {
    const popup = window.open('/sw.js?16');
    const arrived = () => !popup || (popup.location.pathname === '/sw.js' && popup.document.readyState === 'complete');
    while (!arrived()) await new Promise((resolve) => requestAnimationFrame(resolve));
    const text = popup?.document.documentElement.outerHTML ?? '';
    popup?.close();
    return text;
  },
  'classic worker of the same origin that imports it': () => window.captureFrom('/hostile-classic.js', 'classic'),
  'module worker of the same origin that imports it': () => window.captureFrom('/hostile-module.js', 'module'),
};

test('keeps the secret of the worker script from page script', async ({ page, context, complaints }) => {
  // The worker script throws in realms that it was not made for.
  complaints.expect(/./);
  await signIn(page, site.origin, 'password');
  expect((await snapshotOf(page)).tier).toBe('sealed');
  const secret = await sealOf(context, site.origin);
  if (secret === undefined) throw new Error('There is no secret to find.');
  await prepare(page);

  const got: Record<string, string> = {};
  for (const [name, read] of Object.entries(READS)) got[name] = await page.evaluate(read).catch(String);

  const leaks = Object.entries(got).filter(([, text]) => text.includes(secret) || text.includes('"seal"'));
  expect(leaks.map(([name]) => name)).toEqual([]);
  // The control: the attacks did read the script, and did run it in other realms.
  const read = Object.entries(got).filter(([, text]) => text.includes('"whoami"'));
  expect(read.map(([name]) => name)).toEqual([
    'fetch',
    'fetch with forged headers',
    'XMLHttpRequest',
    'the HTTP cache',
    'the Cache API',
    'script element',
    'module script',
    'import()',
    'modulepreload as a service worker',
    'preload',
    'dedicated worker',
    'shared worker',
    'pop-up',
    'classic worker of the same origin that imports it',
  ]);
  // Chromium fetches a module worker's imports without cookies. Without the cookie the server refuses the script.
  expect(got['module worker of the same origin that imports it']).toContain('cannot be started');
  expect(await fetchOnce(page)).toBe(200);
});

test('a query in the worker’s URL does not change its endpoints [worker-script-query]', async ({
  page,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST);
  await signIn(page, site.origin, 'oidc');
  const evil = encodeURIComponent('http://127.0.0.1:9');
  const queries = [`issuer=${evil}`, `api=${evil}&whoami=${evil}`, `__SESSION_KEEPER__={"config":{}}`, 'dev&debug=1'];
  const origins: string[] = [];
  page.context().on('request', (request) => origins.push(new URL(request.url()).origin));
  for (const query of queries) {
    await page.evaluate(async (script) => {
      const changed = new Promise((resolve) =>
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
      );
      await navigator.serviceWorker.register(script);
      await changed;
    }, `/sw.js?${query}`);
    expect(await fetchOnce(page)).toBe(200);
    await expect.poll(async () => (await snapshotOf(page)).tier).toBe('sealed');
    expect((await snapshotOf(page)).session.state).toBe('active');
  }
  expect(origins.filter((origin) => origin !== site.origin && origin !== site.provider)).toEqual([]);
});

test('keeps the old worker and the sealed session when a newer script has no secret [seal-missing]', async ({
  page,
  context,
  complaints,
}) => {
  complaints.expect(/bad HTTP response code \(403\)|Failed to load resource/);
  await signIn(page, site.origin, 'oidc');
  const { worker } = await snapshotOf(page);
  await context.clearCookies({ name: '__Host-Http-keeper-install' });
  const outcome = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    return registration?.update().then(
      () => 'updated',
      (error: Error) => error.name,
    );
  });
  expect(outcome).toBe('TypeError');
  expect(await fetchOnce(page)).toBe(200);
  const after = await snapshotOf(page);
  expect([after.worker.id, after.tier, after.session.state]).toEqual([worker.id, 'sealed', 'active']);
});
