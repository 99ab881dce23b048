import type { Page } from '@playwright/test';

declare global {
  interface Window {
    /** The globals that a worker script left when it ran in this window. */
    caught: string;
    /** Where the worker's script is. '' is this page's own origin. */
    scriptOrigin: string;
    within<T>(work: Promise<T>): Promise<T | 'nothing'>;
    /** Registers a worker and returns the secret that it captured. */
    captureFrom(script: string, type: WorkerType): Promise<string>;
    /** Adds an element and waits until it has loaded or failed. */
    settled(element: HTMLElement): Promise<unknown>;
  }
}

/** Makes the reads possible in this page. `scriptOrigin`: of the script to read. */
export const prepareReads = (page: Page, scriptOrigin = ''): Promise<void> =>
  page.evaluate((origin) => {
    window.scriptOrigin = origin;
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
  }, scriptOrigin);

/** Each returns the text that it could read. The URLs differ, so that no attack gets the cached answer of another. */
export const SCRIPT_READS: Readonly<Record<string, () => Promise<string>>> = {
  fetch: async () => (await fetch(`${window.scriptOrigin}/sw.js?1`)).text(),
  'fetch with forged headers': async () => {
    const headers = { 'service-worker': 'script', 'sec-fetch-dest': 'serviceworker', 'sec-fetch-mode': 'same-origin' };
    return (
      await fetch(`${window.scriptOrigin}/sw.js?2`, { headers, mode: 'same-origin', credentials: 'include' })
    ).text();
  },
  XMLHttpRequest: () =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.addEventListener('loadend', () => resolve(request.responseText));
      request.open('GET', `${window.scriptOrigin}/sw.js?3`);
      request.setRequestHeader('service-worker', 'script');
      request.send();
    }),
  'the HTTP cache': async () => (await fetch(`${window.scriptOrigin}/sw.js`, { cache: 'force-cache' })).text(),
  'the HTTP cache only': async () =>
    (
      await fetch(`${window.scriptOrigin}/sw.js`, { cache: 'only-if-cached', mode: 'same-origin' }).catch(
        () => new Response(),
      )
    ).text(),
  'the Cache API': async () => {
    const cache = await caches.open('attack');
    await cache.add(`${window.scriptOrigin}/sw.js?4`);
    return (await cache.match(`${window.scriptOrigin}/sw.js?4`))?.text() ?? '';
  },
  'script element': async () => {
    await window.settled(Object.assign(document.createElement('script'), { src: `${window.scriptOrigin}/sw.js?5` }));
    return window.caught;
  },
  'module script': async () => {
    await window.settled(
      Object.assign(document.createElement('script'), { src: `${window.scriptOrigin}/sw.js?6`, type: 'module' }),
    );
    return window.caught;
  },
  'import()': async () => {
    const url = `${window.scriptOrigin}/sw.js?7`;
    await import(url).catch(() => undefined);
    return window.caught;
  },
  'modulepreload as a service worker': async () => {
    const [url, link] = [`${window.scriptOrigin}/sw.js?8`, document.createElement('link')];
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
      link.href = `${window.scriptOrigin}/sw.js?9${as}`;
      document.head.append(link);
      texts.push(await (await fetch(link.href, { cache: 'force-cache' })).text());
    }
    return texts.join('\n');
  },
  'dedicated worker': async () => {
    const trap = `Object.defineProperty(self, '__SESSION_KEEPER__', { set: (v) => postMessage(JSON.stringify(v)) });
      try { importScripts('${window.scriptOrigin || location.origin}/sw.js?10') } catch {}`;
    const worker = new Worker(URL.createObjectURL(new Blob([trap])));
    const answer = new Promise<string>((resolve) => (worker.onmessage = ({ data }) => resolve(String(data))));
    new Worker(`${window.scriptOrigin}/sw.js?11`).terminate();
    return window.within(answer);
  },
  'shared worker': async () => {
    const trap = `let port, secret; const send = () => port && secret && port.postMessage(secret);
      self.onconnect = (event) => { port = event.ports[0]; send(); };
      Object.defineProperty(self, '__SESSION_KEEPER__', { set: (v) => { secret = JSON.stringify(v); send(); } });
      try { importScripts('${window.scriptOrigin || location.origin}/sw.js?12') } catch {}`;
    const { port } = new SharedWorker(URL.createObjectURL(new Blob([trap])));
    return window.within(new Promise((resolve) => (port.onmessage = ({ data }) => resolve(String(data)))));
  },
  frame: async () => {
    const frame = Object.assign(document.createElement('iframe'), { src: `${window.scriptOrigin}/sw.js?13` });
    await window.settled(frame);
    return frame.contentDocument?.documentElement.outerHTML ?? '';
  },
  object: async () => {
    const object = Object.assign(document.createElement('object'), {
      data: `${window.scriptOrigin}/sw.js?14`,
      type: 'text/html',
    });
    await window.settled(object);
    return object.contentDocument?.documentElement.outerHTML ?? '';
  },
  embed: async () => {
    const embed = Object.assign(document.createElement('embed'), {
      src: `${window.scriptOrigin}/sw.js?15`,
      type: 'text/html',
    });
    await window.settled(embed);
    return embed.getSVGDocument()?.documentElement.outerHTML ?? '';
  },
  'pop-up': async () => {
    const popup = window.open(`${window.scriptOrigin}/sw.js?16`);
    const arrived = () => !popup || (popup.location.pathname === '/sw.js' && popup.document.readyState === 'complete');
    while (!arrived()) await new Promise((resolve) => requestAnimationFrame(resolve));
    const text = popup?.document.documentElement.outerHTML ?? '';
    popup?.close();
    return text;
  },
  'classic worker of the same origin that imports it': () => window.captureFrom('/hostile-classic.js', 'classic'),
  'module worker of the same origin that imports it': () => window.captureFrom('/hostile-module.js', 'module'),
};
