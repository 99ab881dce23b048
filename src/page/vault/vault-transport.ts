import type { Endpoint } from 'comlink';
import type { VaultAnswer } from '../../protocol/bridge/vault.ts';
import { newId } from '../../protocol/ids.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { withDeadline } from '../../protocol/timing/timer.ts';
import { createBridge } from '../connection/bridge-client.ts';
import { startingSnapshot } from '../connection/snapshot-store.ts';
import type { Transport } from '../connection/transport.ts';
import { authorizePageFetch, formerFetch } from '../in-page/authorized-page-fetch.ts';
import type { TabIntro } from '../../protocol/bridge/bridge.ts';
import type { SnapshotStore } from '../connection/snapshot-store.ts';
import { parsedUrl } from '../util/parsed-url.ts';
import { createVaultLink } from './vault-link.ts';
import { createVaultRequests } from './vault-requests.ts';

/** `session`: the one that the page shows. */
export type VaultOptions = { vault: string | URL; tab: string; patchFetch: boolean; session(): string | undefined };

const WELCOME_DEADLINE_MS = 12_000;

type Covered = { origin: string; path: string };

/**
 * Whether the vault may want to authorize it. The vault decides, by the whole rule. Before it has said its rules, each request
 * to its origin may be one: without authorization its 401 would look like the end of the session.
 */
const mayCover = (rules: readonly Covered[] | undefined, vault: URL, { origin, pathname }: URL): boolean =>
  rules ? rules.some((rule) => rule.origin === origin && pathname.startsWith(rule.path)) : origin === vault.origin;

/** The path of this page that a sign-in names leads back here, and not to the vault's own. */
const withWayBack = (intent: unknown): unknown =>
  typeof intent === 'object' && intent !== null && 'returnTo' in intent && typeof intent.returnTo === 'string'
    ? { ...intent, returnTo: parsedUrl(intent.returnTo, new URL(location.href))?.href ?? intent.returnTo }
    : intent;

/** The worker of a vault is `sealed` or not. To this page it is on another origin, too. */
const asVault = (snapshot: Snapshot): Snapshot =>
  snapshot.tier === 'sealed' ? { ...snapshot, tier: 'vault' } : snapshot;

/** Reaches the host through the frame of a vault. */
const vaultTransport = ({ vault, tab, patchFetch, session }: VaultOptions): Transport & { close(): void } => {
  const answers = new EventTarget();
  const controls = new Set<() => void>();
  const asked = new Map<string, () => void>();
  let covers: readonly Covered[] | undefined;
  /** The worker that the next greeting reaches: another object for each. */
  let host: object | undefined;
  /** A greeting that came before the frame. */
  let greeting: { intro: TabIntro; port: MessagePort } | undefined;
  const greet = (intro: TabIntro, port: MessagePort): void => link.post({ type: 'attach', intro }, [port]);
  const changed = (): void => {
    host = {};
    if (greeting) greet(greeting.intro, greeting.port);
    else for (const control of controls) control();
    greeting = undefined;
  };

  const receive = (answer: VaultAnswer): void => {
    if (answer.type === 'answer') answers.dispatchEvent(new MessageEvent('message', { data: answer.message }));
    else if (answer.type === 'opened') covers = answer.covers;
    else if (answer.type === 'controlled') changed();
    else if (answer.type === 'done') {
      asked.get(answer.id)?.();
      asked.delete(answer.id);
    } else requests.receive(answer);
  };
  const address = new URL(vault, document.baseURI);
  const link = createVaultLink(address, tab, { onAnswer: receive, onOpen: changed });
  const requests = createVaultRequests(link);

  /** Resolves with the answer of the present document, or when that is gone. */
  const ask = async (type: 'repair' | 'await-takeover'): Promise<void> => {
    const lost = await link.opened();
    if (!lost || lost.aborted) return;
    const id = newId();
    const answered = new Promise<void>((resolve) => asked.set(id, resolve));
    const gone = new Promise<void>((resolve) => {
      lost.addEventListener('abort', () => resolve(), { once: true });
    });
    link.post({ type, id });
    await Promise.race([answered, gone]);
    asked.delete(id);
  };

  const endpoint: Endpoint = {
    postMessage: (message: unknown) => link.post({ type: 'call', message, session: session() }),
    addEventListener: answers.addEventListener.bind(answers),
    removeEventListener: answers.removeEventListener.bind(answers),
  };
  const { api, workerDied } = createBridge({ endpoint, ready: async () => (await link.opened()) !== undefined });
  const former = formerFetch();
  const send = async (request: Request): Promise<Response> => {
    if (!mayCover(covers, address, new URL(request.url))) return former(request);
    const sent = await requests.send(request);
    return sent.type === 'answered' ? sent.response : former(sent.request);
  };
  const restoreFetch = patchFetch
    ? authorizePageFetch(former, (url) => mayCover(covers, address, url), send)
    : undefined;

  return {
    api: {
      ...api,
      signIn: (intent) => api.signIn(withWayBack(intent) as typeof intent),
    },
    keepAlive: {
      start: () => link.post({ type: 'keep-alive', what: 'start' }),
      stop: () => link.post({ type: 'keep-alive', what: 'stop' }),
      workerDied: () => link.post({ type: 'keep-alive', what: 'died' }),
    },
    isBypassed: () => false,
    currentHost: () => host,
    attach(intro, port) {
      if (host) greet(intro, port);
      else greeting = { intro, port };
    },
    repair: () => ask('repair'),
    awaitTakeover: () => ask('await-takeover'),
    hostGone: (life, signal) =>
      new Promise((resolve, reject) => {
        const id = newId();
        asked.set(id, () => resolve(undefined));
        signal.addEventListener('abort', () => {
          if (asked.delete(id)) link.post({ type: 'abort', id });
          reject(signal.reason as Error);
        });
        link.post({ type: 'watch', id, life });
      }),
    hostDied: () => {
      link.post({ type: 'host-died' });
      workerDied();
    },
    watchControl: (onControl, signal) => {
      controls.add(onControl);
      signal.addEventListener('abort', () => controls.delete(onControl));
    },
    seen: asVault,
    fetch: send,
    close() {
      restoreFetch?.();
      link.close();
    },
  };
};

type VaultClient = { readonly ready: Promise<true>; readonly store: SnapshotStore; close(): void };

/**
 * A page without a worker of its own, whose session is in a vault. Resolves when the vault has welcomed the page, or when it
 * has not for a while: it may refuse this origin. Then the snapshot says so, until the vault answers after all.
 */
export const overVault = async <C extends VaultClient>(
  options: VaultOptions,
  wireTo: (transport: Transport) => Promise<C>,
): Promise<C> => {
  const transport = vaultTransport(options);
  const client = await wireTo(transport);
  const close = (): void => {
    client.close();
    transport.close();
  };
  if (!(await withDeadline(client.ready, WELCOME_DEADLINE_MS, false))) {
    const { origin } = new URL(options.vault, document.baseURI);
    const detail = `${origin} does not answer. Is ${location.origin} among its embedders?`;
    const problem: Problem = { code: 'no-worker', detail };
    const session = { state: 'signed-out', reason: 'never', problem } as const;
    client.store.set({ ...startingSnapshot('service-worker', navigator.onLine), session });
  }
  return { ...client, close };
};
