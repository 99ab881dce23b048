// A worker as many sites have it: it keeps the shell for offline use, answers from the cache first, and shows pushes.
const CACHE = 'shell-v1';
const SHELL = ['./', './page.js', './embed.js', './keeper.js'];

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)));
});
self.addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET') return;
  event.respondWith(
    caches.match(event.request, { ignoreSearch: true }).then(async (cached) => {
      if (cached) return cached;
      const response = await fetch(event.request);
      if (response.ok) (await caches.open(CACHE)).put(event.request, response.clone());
      return response;
    }),
  );
});
self.addEventListener('push', (event) => {
  event.waitUntil(self.registration.showNotification(event.data?.text() ?? 'News'));
});
