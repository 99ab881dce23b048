import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';

export default defineConfig({
  plugins: [
    react(),
    VitePWA({
      registerType: 'autoUpdate',
      // connect() registers the worker.
      injectRegister: false,
      manifest: { name: 'Vite PWA', icons: [] },
      workbox: {
        importScripts: ['session-keeper-worker.js'],
        // The keeper's own files are versioned by the keeper. A cached copy would be an old one.
        globIgnores: ['**/keeper-*.js', 'keeper/**', 'session-keeper-worker.js'],
        navigateFallbackDenylist: [/^\/api\//],
        clientsClaim: true,
        runtimeCaching: [
          { urlPattern: /\/api\//, handler: 'NetworkFirst', options: { cacheName: 'api' } },
          {
            urlPattern: /\/api\//,
            method: 'POST',
            handler: 'NetworkOnly',
            options: { backgroundSync: { name: 'api-queue' } },
          },
        ],
      },
    }),
  ],
});
