import { defineConfig } from 'session-keeper/config';

export default defineConfig({
  api: [{ origin: 'self', path: '/b/api/' }],
  whoami: '/b/api/me',
  signIn: { password: { login: '/b/api/login', refresh: '/b/api/refresh', logout: '/b/api/logout' } },
});
