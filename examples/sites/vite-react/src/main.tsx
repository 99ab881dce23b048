import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { mountDevtools } from 'session-keeper/devtools';
import { createKeeperSource, KeeperProvider } from 'session-keeper/react';
import { App } from './App';

const source = createKeeperSource({ worker: '/sw.js' });
void source.connected().then(mountDevtools); // in development only

const root = document.querySelector('#root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <KeeperProvider source={source}>
        <App />
      </KeeperProvider>
    </StrictMode>,
  );
