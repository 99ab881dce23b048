import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { KeeperProvider } from 'session-keeper/react';
import { App } from './App.jsx';

const root = document.querySelector('#root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <KeeperProvider from={{ worker: '/sw.js' }}>
        <App />
      </KeeperProvider>
    </StrictMode>,
  );
