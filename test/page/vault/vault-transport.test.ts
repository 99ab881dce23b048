import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSnapshotStore, startingSnapshot } from '../../../src/page/connection/snapshot-store.ts';
import type { Transport } from '../../../src/page/connection/transport.ts';
import { overVault } from '../../../src/page/vault/vault-transport.ts';
import type { VaultLink } from '../../../src/page/vault/vault-link.ts';

const VAULT = 'https://vault.example.com';
const APP = 'https://app.example.com/';

/** A vault whose document does not answer. */
vi.mock('../../../src/page/vault/vault-link.ts', () => ({
  createVaultLink: (): VaultLink => ({ opened: async () => undefined, post: () => undefined, close: () => undefined }),
}));

const bare = vi.fn<(request: Request) => Promise<Response>>(async () => new Response('bare'));

beforeEach(() => {
  bare.mockClear();
  vi.stubGlobal('fetch', bare);
  vi.stubGlobal('location', new URL(APP));
  vi.stubGlobal('document', { baseURI: APP });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const transportOf = (): Promise<Transport> =>
  new Promise((resolve, reject) => {
    const store = createSnapshotStore(startingSnapshot('service-worker', true));
    overVault(
      { vault: `${VAULT}/keeper-vault.html`, tab: 't', patchFetch: false, session: () => undefined },
      async (transport) => {
        resolve(transport);
        return { ready: Promise.resolve<true>(true), store, close: () => undefined };
      },
    ).catch(reject);
  });

test('sends no request to the vault’s origin without authorization when the vault does not answer', async () => {
  const transport = await transportOf();
  await expect(transport.fetch(new Request(`${VAULT}/api/items`))).rejects.toMatchObject({
    name: 'TypeError',
    cause: { code: 'no-worker' },
  });
  expect(bare).not.toHaveBeenCalled();
  expect(await (await transport.fetch(new Request('https://elsewhere.example/'))).text()).toBe('bare');
});

test('answers a sign-in whose way back is no address', async () => {
  const { api } = await transportOf();
  expect(await api.signIn({ kind: 'oidc', returnTo: 'http://[' })).toEqual({
    ok: false,
    problem: { code: 'no-worker', detail: 'signIn' },
  });
});
