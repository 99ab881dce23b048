import type { Page } from 'playwright-core';
import type { SignInModule, SiteHooks } from './sign-in-module.ts';

/* The demo app of this repository, with its fault routes (`npm start`): it needs no sign-in module. */

const FORM_WITHIN_MS = 40_000;
const TOPIC = 'lab';
const LISTENS_WITHIN_MS = 30_000;
const JSON_TYPE = { 'content-type': 'application/json' };

/** Whether the fault routes of the embedded server answer at this address. */
export const isEmbeddedServer = async (origin: string): Promise<boolean> => {
  try {
    const response = await fetch(`${origin}/lab/stats`);
    return response.ok && 'refreshGrants' in Object(await response.json());
  } catch {
    return false;
  }
};

const hooksOf = (origin: string): SiteHooks => {
  const send = async (path: string, body: object = {}): Promise<void> => {
    const response = await fetch(`${origin}/lab${path}`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${origin}/lab${path} answered ${response.status}.`);
  };
  return {
    expireAccess: () => send('/tokens/expire'),
    revoke: () => send('/session/revoke'),
    publish: (count) => send('/publish', { topic: TOPIC, count, everyMs: 0 }),
    listen: async (page) => {
      // Runs in the page, with the library that the site serves.
      await page.evaluate(LISTEN);
    },
    received: (page) => page.evaluate<number[]>('globalThis.labNumbers ?? []'),
    reset: async () => {
      await fetch(`${origin}/lab/faults`, { method: 'DELETE' });
    },
  };
};

/** Resolves when the page has received a message of its own: before that, the server may not know that it listens. */
const LISTEN = `(async () => {
  const { connect } = await import('/keeper.js');
  const channel = (await connect({ worker: '/sw.js' })).channel('${TOPIC}');
  const mark = crypto.randomUUID();
  let listens = false;
  globalThis.labNumbers = [];
  (async () => {
    for await (const { data } of channel) {
      listens ||= data?.mark === mark;
      if (typeof data?.n === 'number') globalThis.labNumbers.push(data.n);
    }
  })();
  const deadline = performance.now() + ${LISTENS_WITHIN_MS};
  while (!listens) {
    if (performance.now() > deadline) throw new Error('The page receives no messages.');
    await channel.publish({ mark });
    await new Promise((done) => setTimeout(done, 50));
  }
})()`;

const atProvider = async (page: Page, username: string, password: string): Promise<void> => {
  await page.waitForURL(/\/sign-in\//, { timeout: FORM_WITHIN_MS });
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
};

const SIGNED_IN = /^(You are signed in|Sie sind angemeldet)/;

export const embeddedServer = (origin: string): SignInModule => ({
  signIn: async (page) => {
    await page.getByRole('button', { name: 'Continue with single sign-on' }).click({ timeout: FORM_WITHIN_MS });
    await atProvider(page, 'demo', 'demo');
    await page.waitForURL((url) => url.origin === origin && !url.pathname.startsWith('/auth/'), {
      timeout: FORM_WITHIN_MS,
    });
    await page.getByRole('heading', { name: SIGNED_IN }).waitFor({ timeout: FORM_WITHIN_MS });
  },
  isSignedIn: (page) => page.getByRole('heading', { name: SIGNED_IN }).isVisible(),
  proof: '/api/v1/auth/whoami',
  userField: 'sub',
  hooks: hooksOf(origin),
});
