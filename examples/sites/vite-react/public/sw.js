self.__SESSION_KEEPER__ = {
  config: {
    api: [{ origin: 'self', path: '/api/' }],
    whoami: '/api/me',
    signIn: { password: { login: '/api/login', refresh: '/api/refresh', logout: '/api/logout', reuseGraceMs: 0 } },
    sockets: [],
  },
  takeOver: true,
};
importScripts('./keeper-sw.js');
