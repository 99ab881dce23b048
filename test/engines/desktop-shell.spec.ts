import { expect, test } from '@playwright/test';
import { isObject, stringAt } from '../../src/protocol/schema/json.ts';
import { startDesktopShell, type Commands, type DesktopShell } from './webkit/desktop-shell.ts';
import { startNotesApp, type NotesApp } from './webkit/notes-app.ts';

/* The page of examples/tauri in a WebKitGTK view at `tauri://localhost`, as a shell of Tauri shows it on Linux. */

let app: NotesApp;
test.beforeAll(async () => {
  app = await startNotesApp();
});
test.afterAll(() => app.stop());

/** A keychain that works, and what the shell opened in the system's browser. */
const shellOf = (more: Commands = {}): { commands: Commands; opened: string[] } => {
  const opened: string[] = [];
  let copy: string | null = null;
  const field = (args: unknown, name: string): string => (isObject(args) ? stringAt(args, name) : undefined) ?? '';
  const commands: Commands = {
    'plugin:opener|open_url': (args) => opened.push(field(args, 'url')) && null,
    'plugin:deep-link|get_current': () => null,
    session_copy_save: (args) => {
      copy = field(args, 'record');
    },
    session_copy_load: () => copy,
    session_copy_clear: () => {
      copy = null;
    },
    ...more,
  };
  return { commands, opened };
};

const signIn = async (shell: DesktopShell, opened: readonly string[]): Promise<void> => {
  await expect.poll(() => shell.text('status'), { timeout: 20_000 }).toBe('Signed out.');
  await shell.click('sign-in');
  await expect.poll(() => opened.length).toBe(1);
  await shell.openLink(await app.signInElsewhere(opened[0] ?? ''));
  await expect.poll(() => shell.text('status').catch(() => ''), { timeout: 20_000 }).toBe('Signed in as Demo User.');
};

test('signs in through the system browser and a link of the app, and stays signed in [tauri-sign-in]', async () => {
  const { commands, opened } = shellOf();
  const shell = await startDesktopShell(app.files, commands);
  try {
    await signIn(shell, opened);
    await expect.poll(() => shell.text('notes')).toBe('Water the plants');
    await expect.poll(() => shell.text('copy')).toBe('working');
    await shell.reload();
    await expect.poll(() => shell.text('notes').catch(() => '')).toBe('Water the plants');
    await shell.quit();
    await shell.start();
    await expect.poll(() => shell.text('notes').catch(() => '')).toBe('Water the plants');
  } finally {
    await shell.remove();
  }
});

test('stays signed in over a reload when the keychain commands are not registered [tauri-no-keychain]', async () => {
  const { commands, opened } = shellOf();
  const { session_copy_save: _save, session_copy_load: _load, session_copy_clear: _clear, ...others } = commands;
  const shell = await startDesktopShell(app.files, others);
  try {
    await signIn(shell, opened);
    await expect.poll(() => shell.text('copy')).toBe('failed');
    await shell.reload();
    await expect.poll(() => shell.text('status').catch(() => '')).toBe('Signed in as Demo User.');
  } finally {
    await shell.remove();
  }
});

test('signs no one in with a link that the app did not ask for [tauri-foreign-link]', async () => {
  const { commands } = shellOf();
  const shell = await startDesktopShell(app.files, commands);
  try {
    await expect.poll(() => shell.text('status'), { timeout: 20_000 }).toBe('Signed out.');
    const before = await shell.evaluate('return performance.timeOrigin');
    await shell.openLink('com.example.notes:/auth/callback?code=stolen&state=unknown');
    // The page opens the callback, which is another document.
    await expect.poll(() => shell.evaluate('return performance.timeOrigin').catch(() => before)).not.toBe(before);
    await expect.poll(() => shell.text('status').catch(() => '')).toBe('Signed out.');
  } finally {
    await shell.remove();
  }
});
