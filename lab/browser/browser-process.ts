import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A browser process with a new profile. */
export type BareProcess = {
  /** The debugger address that the browser printed. */
  readonly address: string;
  readonly pid: number;
  readonly profile: string;
  close(): Promise<void>;
};

/** The account of the process. By default that of the caller. */
export type ProcessAccount = { uid: number; gid: number };

export type BareProcessOptions = {
  path: string;
  argsFor(profile: string): readonly string[];
  /** Matches the address in a line of its standard error. */
  listening: RegExp;
  account?: ProcessAccount | undefined;
  /** Runs when it ends by itself. */
  onCrash?: ((what: string) => void) | undefined;
};

/** Flags for no traffic of the browser's own, and for the same result in each run. */
const QUIET = [
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--no-default-browser-check',
];

/**
 * Features of Chromium that draw the popup of the address bar with two pages in each window. No one types an address there, and
 * they cost more processor time than opening the window itself. The list goes into `--disable-features`.
 */
export const ADDRESS_BAR_PAGES = ['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup'];

/** Chromium's sandbox does not start as root. */
export const browserArgs = (): string[] => (process.getuid?.() === 0 ? [...QUIET, '--no-sandbox'] : QUIET);

export const startBareProcess = async (options: BareProcessOptions): Promise<BareProcess> => {
  const { path, argsFor, listening, account, onCrash } = options;
  const profile = await mkdtemp(join(tmpdir(), 'keeper-profile-'));
  if (account) await chown(profile, account.uid, account.gid);
  const as = account && { ...account, env: { ...process.env, HOME: profile } };
  const browser = spawn(path, argsFor(profile), { stdio: ['ignore', 'ignore', 'pipe'], ...as });
  const end = once(browser, 'exit');
  const crashed = (code: number | null, signal: string | null): void =>
    onCrash?.(`The browser process ended by itself (${signal ?? `exit ${code}`})`);
  browser.once('exit', crashed);
  const address = await new Promise<string>((resolve, reject) => {
    void end.then(() => reject(new Error('The browser ended before it listened.')));
    browser.once('error', reject);
    createInterface({ input: browser.stderr }).on('line', (line) => {
      const [, found] = listening.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  return {
    address,
    pid: browser.pid ?? 0,
    profile,
    close: async () => {
      browser.off('exit', crashed);
      browser.kill();
      await end;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
