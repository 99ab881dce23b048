// A worker that another team wrote. It knows nothing of Session Keeper, and answers for its own pages only.
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (new URL(event.request.url).pathname === '/app/greeting')
    event.respondWith(new Response('of the worker of /app/'));
});
