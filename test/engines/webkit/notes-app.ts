import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { ended, start } from '../../../scripts/process/run.ts';
import { startProvider } from '../../../server/provider-server.ts';
import { launchOptions } from '../../support/browser/browser.ts';
import { atProvider } from '../../support/page/sign-in.ts';
import { TEST_SECRET } from '../../support/server/test-secret.ts';

/** The origin of the page in the shell, and the scheme of the app's links (`examples/tauri/src-tauri/tauri.conf.json`). */
const PAGE = 'tauri://localhost';
const LINKS = 'com.example.notes:';

/** The example for Tauri as it is built, with a real provider and an API that takes its tokens. */
export type NotesApp = {
  /** The folder of the built page. */
  readonly files: string;
  /** Opens the address in the system's browser and signs the person in. Resolves with the link that the browser is sent to. */
  signInElsewhere(address: string): Promise<string>;
  stop(): Promise<void>;
};

/** Takes the tokens that the provider's own userinfo endpoint takes. */
const startApi = async (issuer: () => string): Promise<{ origin: string; stop(): void }> => {
  const server = createServer((request, response) => {
    const allowed = { 'access-control-allow-origin': PAGE, 'access-control-allow-headers': 'authorization' };
    if (request.method === 'OPTIONS') return void response.writeHead(204, allowed).end();
    const { authorization = '' } = request.headers;
    void fetch(`${issuer()}/me`, { headers: { authorization } }).then(async (answer) => {
      const user: unknown = answer.ok ? await answer.json() : {};
      const body = request.url === '/api/notes' ? ['Water the plants'] : user;
      response.writeHead(answer.ok ? 200 : 401, { ...allowed, 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

const signInElsewhere = async (address: string): Promise<string> => {
  const browser = await chromium.launch(launchOptions());
  try {
    const page = await browser.newPage();
    await page.goto(address);
    // Chromium has no app for the link, so it shows no page for it.
    const redirect = page.waitForResponse(
      async (response) => (await response.headerValue('location'))?.startsWith(LINKS) === true,
    );
    await atProvider(page);
    return (await (await redirect).headerValue('location')) ?? '';
  } finally {
    await browser.close();
  }
};

export const startNotesApp = async (): Promise<NotesApp> => {
  const folder = await mkdtemp(join(tmpdir(), 'keeper-notes-'));
  const provider = await startProvider({
    ...{
      dpop: 'off',
      accessTokens: 'opaque',
      secret: TEST_SECRET,
      dataDir: join(folder, 'provider'),
      appOrigins: [PAGE, LINKS],
    },
  });
  const api = await startApi(() => provider.issuer);
  const files = join(folder, 'files');
  const args = ['build', join('examples', 'tauri'), '--outDir', files, '--emptyOutDir', '--logLevel', 'error'];
  const code = await ended(start('vite', args, { env: { VITE_API: api.origin, VITE_ISSUER: provider.issuer } }));
  if (code !== 0) throw new Error(`vite ${args.join(' ')} ended with ${code}.`);
  return {
    files,
    signInElsewhere,
    stop: async () => {
      api.stop();
      await provider.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
