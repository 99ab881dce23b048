'use client';

import type { ReactNode } from 'react';
import { KeeperProvider } from 'session-keeper/react';

export const Providers = ({ children }: { children: ReactNode }) => (
  <KeeperProvider from={{ worker: '/sw.js' }}>{children}</KeeperProvider>
);
