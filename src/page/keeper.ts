import type { SignInNext } from '../protocol/bridge/calls.ts';
import { failed, type Result } from '../protocol/problem.ts';
import type { NativeCopy } from './native-store.ts';
import type { Keeper, SignInOptions } from './types/types.ts';
import type { Client } from './client.ts';

/** The provider's page, or the way there; an address of any other scheme would be script. */
const goTo = (next: Result<SignInNext | null>, open: SignInOptions['open']): void => {
  if (!next.ok || next.value?.type !== 'redirect' || !/^https?:/.test(next.value.url)) return;
  // What a shell's function throws is its own.
  if (open) void Promise.resolve(next.value.url).then(open);
  else location.assign(next.value.url);
};

/** What an app holds, over parts that are wired already. */
export const createKeeper = (wiring: Client, native: NativeCopy | undefined, onClose: () => void): Keeper => {
  const { transport, store, realtime } = wiring;
  const { api } = transport;
  // Loaded now, and not at their first use: a deployment in between may have renamed these files.
  const loading = {
    fetch: import('./requests/keeper-fetch.ts'),
    upload: import('./requests/upload.ts'),
    download: import('./requests/download.ts'),
    stepUp: import('./requests/step-up.ts'),
    popup: import('./requests/popup.ts'),
  };
  for (const part of Object.values(loading)) part.catch(() => undefined);
  const send: Keeper['fetch'] = async (input, init) => (await loading.fetch).send(transport, new Request(input, init));
  const resent = loading.stepUp.then((part) => part.sendAgain(store, send)).catch(() => []);
  const signIn: Keeper['signIn'] = async (intent, { popup = false, open } = {}) => {
    // Without a worker nothing answers the window that comes back.
    if (popup && intent.kind === 'oidc' && store.get().worker.host === 'service-worker')
      return (await loading.popup).signInByPopup(api, (returnTo) => api.signIn({ ...intent, returnTo }));
    const here = location.pathname + location.search + location.hash;
    const next = await api.signIn(intent.kind === 'oidc' ? { returnTo: here, ...intent } : intent);
    goTo(next, open);
    return next;
  };
  const stepUp: Keeper['stepUp'] = async (response, options) => {
    const authorize = (await loading.stepUp).stepUpOf(response);
    return authorize
      ? signIn({ kind: 'oidc', authorize }, options)
      : failed({ code: 'unsupported', detail: 'step-up' });
  };
  return {
    get snapshot() {
      return store.get();
    },
    subscribe: store.subscribe,
    signIn,
    stepUp,
    signOut: async ({ sessions, session, open } = {}) => {
      const next = await (session === undefined ? api.signOut(sessions) : api.signOutSession(session));
      goTo(next, open);
      return next;
    },
    sessions: api.sessions,
    showSession: api.showSession,
    nudge: (cause = 'user') => api.nudge(cause),
    journal: api.journal,
    fetch: async (input, { stepUp: by, ...init } = {}) =>
      by
        ? (await loading.stepUp).sendWithStepUp(new Request(input, init), by, { send, stepUp, store })
        : send(input, init),
    resent: () => resent,
    upload: async (url, body, options) => (await loading.upload).upload(send, url, body, options),
    download: async (url) => (await loading.download).download(send, url),
    socket: realtime.socket,
    channel: realtime.channel,
    update: {
      get ready() {
        return wiring.outdated();
      },
      apply: () => location.reload(),
    },
    get native() {
      return native?.state ?? 'absent';
    },
    close: () => {
      wiring.close();
      onClose();
    },
  };
};
