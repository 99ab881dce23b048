import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';

export default defineConfig({
  plugins: [
    react(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src',
      filename: 'sw.js',
      // connect() registers the worker.
      injectRegister: false,
      manifest: { name: 'Vite PWA with a worker of its own', icons: [] },
      // The keeper's own files are versioned by the keeper. A cached copy would be an old one.
      injectManifest: { globIgnores: ['**/keeper-*.js', 'keeper/**', 'session-keeper-worker.js'] },
    }),
  ],
});
