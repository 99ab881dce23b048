import { keepSession, sharedSockets } from 'session-keeper/sw';
import { defineConfig } from 'session-keeper/config';

keepSession({
  config: defineConfig({
    api: [{ origin: 'self', path: '/api/' }],
    whoami: '/api/me',
    signIn: { ticket: { login: '/api/login', status: '/api/status', logout: '/api/logout' } },
  }),
  sockets: sharedSockets,
});
