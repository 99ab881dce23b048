import { defineConfig } from 'session-keeper/config';

export default defineConfig({
  api: [{ origin: 'self', path: '/api/' }],
  whoami: '/api/me',
  signIn: { password: { login: '/api/login', refresh: '/api/refresh', logout: '/api/logout' } },
});
