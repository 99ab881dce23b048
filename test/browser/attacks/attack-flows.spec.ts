import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { signIn } from '../../support/page/sign-in.ts';

/*
 * Injected script runs its own sign-in, with its own verifier, while the user is signed in at the provider. RFC 10017
 * calls this the acquisition of new tokens. The attack succeeds when the script reads a code or a token.
 */

declare global {
  interface Window {
    /** Watches a frame or a pop-up for a while. Returns each URL and text that script could read in it. */
    watch(target: () => Window | null | undefined): Promise<string>;
    unregisterAll(): Promise<void>;
    /** Sets cookies that make the headers of a callback request too long for any server. */
    bomb(): void;
  }
}

const prepare = (page: Page): Promise<void> =>
  page.evaluate(() => {
    window.watch = async (target) => {
      const seen = new Set<string>();
      // No event reports that a code will never come. A redirect with a code arrives within these 2 s.
      const until = performance.now() + 2_000;
      while (performance.now() < until) {
        try {
          const other = target();
          if (other) seen.add(`${other.location.href} ${other.document.documentElement.outerHTML.slice(0, 5_000)}`);
        } catch (error) {
          seen.add(String(error));
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return [...seen].join('\n');
    };
    window.unregisterAll = async () => {
      for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
    };
    window.bomb = () => {
      for (let n = 0; n < 40; n += 1) document.cookie = `bomb${n}=${'x'.repeat(3_000)}; path=/auth/callback`;
    };
  });

const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

/** The URLs of silent flows, in different spellings. */
const flowsAt = (provider: string, origin: string): Readonly<Record<string, string>> => {
  const usual = {
    client_id: 'session-keeper',
    redirect_uri: `${origin}/auth/callback`,
    response_type: 'code',
    scope: 'openid offline_access',
    state: 'attack',
    nonce: 'attack',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    prompt: 'none',
  };
  const flow = (over: Record<string, string> = {}): string =>
    `${provider}/auth?${new URLSearchParams({ ...usual, ...over }).toString()}`;
  return {
    plain: flow(),
    'no prompt': flow({ prompt: '' }),
    'prompt in capitals': flow({ prompt: 'NONE' }),
    'prompt with a space': flow({ prompt: 'none ' }),
    'prompt twice': `${flow()}&prompt=login`,
    'plain challenge': flow({ code_challenge_method: 'plain' }),
    'code in the fragment': flow({ response_mode: 'fragment' }),
    'code by form': flow({ response_mode: 'form_post' }),
    'code by message': flow({ response_mode: 'web_message' }),
    'token at once': flow({ response_type: 'code id_token token', response_mode: 'fragment' }),
    'another callback': flow({ redirect_uri: `${origin}/plain` }),
    'callback with a query': flow({ redirect_uri: `${origin}/auth/callback?x=y` }),
    'callback in capitals': flow({ redirect_uri: `${origin}/AUTH/callback` }),
    'callback with dots': flow({ redirect_uri: `${origin}/auth/./callback` }),
    'callback at the address of the machine': flow({
      redirect_uri: `${origin.replace('localhost', '127.0.0.1')}/auth/callback`,
    }),
    'callback with a slash too many': flow({ redirect_uri: `${origin}//auth/callback` }),
  };
};

const CODE = /[?&#](code|access_token|id_token)=|name="code"/;

/** A provider without a form: it sends each browser straight back with a code. */
const startCareless = async (origin: string): Promise<{ url: string; close(): Promise<void> }> => {
  const server = createServer((_request, response) => {
    response.writeHead(302, { location: `${origin}/auth/callback?code=canary&state=attack` }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

/** Opens a hidden frame for each flow. */
const byFrames = (page: Page, flows: Readonly<Record<string, string>>): Promise<Record<string, string>> =>
  page.evaluate(async (all) => {
    const watched = Object.entries(all).map(async ([name, url]) => {
      const frame = document.createElement('iframe');
      frame.hidden = true;
      frame.src = url;
      document.body.append(frame);
      return [name, await window.watch(() => frame.contentWindow)] as const;
    });
    return Object.fromEntries(await Promise.all(watched));
  }, flows);

const byPopup = (page: Page, url: string): Promise<string> =>
  page.evaluate(async (address) => {
    const popup = window.open(address);
    const seen = await window.watch(() => (popup?.closed ? undefined : popup));
    popup?.close();
    return seen;
  }, url);

const expectNoCode = (read: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(read)) expect(text, name).not.toMatch(CODE);
};

test.beforeEach(({ complaints }) => complaints.expect(/./));

const SITUATIONS = {
  'with the worker in control': async () => undefined,
  'with the worker unregistered': () => window.unregisterAll(),
  'with the worker unregistered and the callback bombed with cookies': async () => {
    await window.unregisterAll();
    window.bomb();
  },
} as const;

for (const policy of ['in force', 'off'] as const) {
  test.describe(`the content security policy is ${policy}`, () => {
    // With the policy off, only the headers of the callback and of its errors protect the code.
    test.use({ bypassCSP: policy === 'off' });

    for (const [situation, arrange] of Object.entries(SITUATIONS)) {
      test(`shows no code in a frame or a pop-up ${situation} [silent-sign-in]`, async ({ page, context, app }) => {
        await signIn(page, app.origin, 'oidc');
        await prepare(page);
        await page.evaluate(arrange);
        const statuses: number[] = [];
        context.on('response', (response) => {
          if (new URL(response.url()).pathname === '/auth/callback') statuses.push(response.status());
        });
        const flows = flowsAt(app.provider, app.origin);
        const careless = await startCareless(app.origin);
        try {
          const [frames, popup, carelessPopup] = await Promise.all([
            byFrames(page, { ...flows, 'a careless provider': careless.url }),
            byPopup(page, flows['plain'] ?? ''),
            byPopup(page, careless.url),
          ]);
          expectNoCode({ ...frames, 'pop-up': popup, 'pop-up of a careless provider': carelessPopup });
        } finally {
          await careless.close();
        }
        // The attack reaches the server's error page, and still cannot read its URL.
        if (situation.includes('bombed')) await expect.poll(() => statuses).toContain(431);
      });
    }
  });
}

test('gives page script no code when it calls the provider directly', async ({ page, app }) => {
  await signIn(page, app.origin, 'oidc');
  const read = await page.evaluate(
    async (all) => {
      const texts: Record<string, string> = {};
      for (const [name, url] of Object.entries(all))
        for (const redirect of ['follow', 'manual'] as const)
          for (const mode of ['cors', 'no-cors'] as const)
            texts[`${name} ${redirect} ${mode}`] = await fetch(url, { redirect, mode, credentials: 'include' }).then(
              async (response) => `${response.url} ${response.redirected} ${await response.text()}`,
              String,
            );
      return texts;
    },
    flowsAt(app.provider, app.origin),
  );
  expectNoCode(read);
  expect(await fetchOnce(page)).toBe(200);
});

test('the provider issues no code without a form to a public client [provider-not-silent]', async ({ page, app }) => {
  await signIn(page, app.origin, 'oidc');
  const [landing] = await Promise.all([
    page.waitForRequest((request) => new URL(request.url()).pathname === '/auth/callback'),
    page.goto(flowsAt(app.provider, app.origin)['plain'] ?? '').catch(() => undefined),
  ]);
  const answered = new URL(landing.url()).searchParams;
  expect(answered.get('code')).toBeNull();
  expect(answered.get('error')).toMatch(/^(login|interaction|consent)_required$/);
});

test('keeps the session when cookies make the callback fail [callback-cookie-flood]', async ({
  page,
  app,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST);
  await signIn(page, app.origin, 'oidc');
  await prepare(page);
  await page.evaluate(() => window.bomb());
  await page.goto(`${app.origin}/auth/callback?code=foreign&state=foreign`);
  expect(page.url()).toBe(`${app.origin}/`);
  expect(await fetchOnce(page)).toBe(200);
});

test('keeps the user signed in with a sealed session', async ({ page, app }) => {
  await signIn(page, app.origin, 'oidc');
  await prepare(page);
  await byFrames(page, { plain: flowsAt(app.provider, app.origin)['plain'] ?? '' });
  expect((await snapshotOf(page)).session.state).toBe('active');
  expect((await snapshotOf(page)).tier).toBe('sealed');
});
