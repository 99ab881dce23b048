import { invoke } from '@tauri-apps/api/core';
import { getCurrent, onOpenUrl } from '@tauri-apps/plugin-deep-link';
import { openUrl } from '@tauri-apps/plugin-opener';
import { connect, type Snapshot } from 'session-keeper';
import { API, config } from './config.ts';
import { keychainOver } from './keychain.ts';

const byId = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element "${id}".`);
  return found;
};

const keeper = await connect({ config, nativeStore: keychainOver(invoke) });

const showNotes = async (): Promise<void> => {
  const response = await keeper.fetch(`${API}/api/notes`);
  const notes = response.ok ? ((await response.json()) as string[]) : [];
  byId('notes').replaceChildren(
    ...notes.map((note) => Object.assign(document.createElement('li'), { textContent: note })),
  );
};

/** With a state that this app does not name, the person is signed in, and the library renews the session. */
const lineOf = (session: Snapshot['session']): string => {
  if (session.state === 'starting') return 'Loading …';
  if (session.state === 'signed-out') return 'Signed out.';
  return `Signed in as ${session.user?.name ?? '…'}.`;
};

let wasSignedIn = false;
keeper.subscribe(({ session }) => {
  const isSignedIn = session.state !== 'starting' && session.state !== 'signed-out';
  byId('status').textContent = lineOf(session);
  byId('sign-in').hidden = session.state !== 'signed-out';
  byId('sign-out').hidden = !isSignedIn;
  byId('copy').textContent = keeper.native;
  if (isSignedIn === wasSignedIn) return;
  wasSignedIn = isSignedIn;
  byId('notes').replaceChildren();
  if (isSignedIn) void showNotes();
});

// A provider may refuse a sign-in in a web view, so the system's browser shows it.
byId('sign-in').addEventListener('click', () => void keeper.signIn({ kind: 'oidc' }, { open: openUrl }));
byId('sign-out').addEventListener('click', () => void keeper.signOut());

/** The provider sends the system's browser to a link of this app. The page goes to the callback with the answer in it. */
const follow = (links: readonly string[]): void => {
  const link = links.at(-1);
  // The shell names the link that started the app again after each reload.
  if (link === undefined || link === sessionStorage.getItem('followed')) return;
  sessionStorage.setItem('followed', link);
  location.assign(`/auth/callback${new URL(link).search}`);
};

await onOpenUrl(follow);
follow((await getCurrent()) ?? []);
