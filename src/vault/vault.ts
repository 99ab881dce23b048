import { MARK } from '../protocol/bridge/bridge-constants.ts';
import { RETURN_SEARCH, VAULT_OPEN, VAULT_READY, VAULT_SETTINGS, VAULT_SETTINGS_ID } from '../protocol/bridge/vault.ts';
import { isObject, own, parseJson } from '../protocol/schema/json.ts';
import { PAGE_BACKOFF, retryDelay } from '../protocol/timing/backoff.ts';
import { resolveAfter } from '../protocol/timing/timer.ts';
import { registerWorker, type WorkerRegistration } from '../page/connection/worker-registration.ts';
import { returnAddress } from './embedders.ts';
import { serveEmbedder } from './serve-embedder.ts';

/*
 * `keeper-vault.js`: the script of the vault's document. In a frame of a listed page it reaches the worker for that page. At
 * the top, after a sign-in, it leads back to the page where the sign-in began.
 */

/** Written by the server, so nothing that a script can change decides who may embed the vault. */
const settings = VAULT_SETTINGS.read(parseJson(document.getElementById(VAULT_SETTINGS_ID)?.textContent ?? ''));

const controlledSite = async (script: string): Promise<WorkerRegistration> => {
  for (let attempt = 0; ; attempt += 1) {
    const found = await registerWorker(script, import('../page/connection/worker-part.ts'));
    if (found.ok && (await found.value.controlled())) return found.value;
    await resolveAfter(retryDelay(attempt, PAGE_BACKOFF, Math.random()));
  }
};

const listen = (embedders: readonly string[], script: string): void => {
  const site = controlledSite(script);
  const receive = async ({ source, origin, data, ports: [port] }: MessageEvent<unknown>): Promise<void> => {
    if (source !== window.parent || !embedders.includes(origin)) return;
    const open = isObject(data) && own(data, 'mark') === MARK ? VAULT_OPEN.read(data) : undefined;
    if (!open || !port) return;
    serveEmbedder({ port, site: await site, embedder: origin, tab: open.tab, ...served });
  };
  addEventListener('message', (event) => void receive(event));
  // Only Firefox does not say who embeds this document. There a message for each of them finds the right one.
  const [ancestor] = (location as Partial<Location>).ancestorOrigins ?? [];
  for (const origin of ancestor === undefined ? embedders : embedders.filter((each) => each === ancestor))
    window.parent.postMessage({ mark: MARK, type: VAULT_READY }, origin);
};

const served = { api: settings?.api ?? [], path: location.pathname };

if (settings) {
  if (window.parent !== window) listen(settings.embedders, settings.worker);
  else {
    const back = returnAddress(new URLSearchParams(location.search).get(RETURN_SEARCH), settings.embedders);
    if (back) location.replace(back);
  }
}
