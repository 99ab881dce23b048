import { defineConfig } from 'session-keeper/config';

export default defineConfig({
  api: [{ origin: 'self', path: '/a/api/' }],
  whoami: '/a/api/me',
  signIn: { password: { login: '/a/api/login', refresh: '/a/api/refresh', logout: '/a/api/logout' } },
});
