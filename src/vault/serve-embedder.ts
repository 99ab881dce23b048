import { ruleFor } from '../core/request-policy.ts';
import type { Bridge } from '../page/connection/bridge-client.ts';
import { bridgeTo, workerTransport } from '../page/connection/worker-transport.ts';
import type { WorkerRegistration } from '../page/connection/worker-registration.ts';
import type { Transport } from '../page/connection/transport.ts';
import type { KeeperApi } from '../protocol/bridge/bridge.ts';
import { VAULT_QUESTION, type VaultAnswer, type VaultQuestion, type VaultSettings } from '../protocol/bridge/vault.ts';
import { answerEmbedder } from './answer-embedder.ts';
import { createRequestRelay } from './relay-request.ts';

export type EmbedderOptions = {
  port: MessagePort;
  site: WorkerRegistration;
  /** Origin of the page that embeds this document. */
  embedder: string;
  tab: string;
  api: VaultSettings['api'];
  /** Path of this document. */
  path: string;
};

type Asked = Extract<VaultQuestion, { type: 'watch' | 'repair' | 'await-takeover' }>;

const settled = async (transport: Transport, question: Asked, signal: AbortSignal): Promise<void> => {
  if (question.type === 'watch') await transport.hostGone(question.life, signal);
  else await (question.type === 'repair' ? transport.repair() : transport.awaitTakeover());
};

const KEEP_ALIVE = { start: 'start', stop: 'stop', died: 'workerDied' } as const;

/** More sessions than a person switches between. */
const MAX_BRIDGES = 20;

/** Does for one page of a listed origin what it may ask for, and nothing else. */
export const serveEmbedder = ({ port, site, embedder, tab, api, path }: EmbedderOptions): void => {
  const transport = workerTransport(site, tab, () => undefined);
  const post = (answer: VaultAnswer, transfer: Transferable[] = []): void => port.postMessage(answer, transfer);
  const covers = (address: string): boolean => {
    const { origin, pathname } = new URL(address);
    return ruleFor(api, location.origin, { origin, path: pathname }) !== undefined;
  };
  /** A call of the page names its session, because a switch may cross it. */
  const bridges = new Map<string, Bridge>();
  const apiFor = (session: string | undefined): KeeperApi => {
    if (session === undefined) return transport.api;
    const bridge = bridges.get(session) ?? bridgeTo(site, () => session);
    // A page that makes up names fills no memory here.
    if (bridges.size >= MAX_BRIDGES) bridges.clear();
    bridges.set(session, bridge);
    return bridge.api;
  };
  const relay = createRequestRelay({ transport, covers, post });
  const watches = new Map<string, AbortController>();

  const settle = async (question: Asked): Promise<void> => {
    const end = new AbortController();
    watches.set(question.id, end);
    try {
      await settled(transport, question, end.signal);
      post({ type: 'done', id: question.id });
    } catch {
      // The page gave it up.
    }
    watches.delete(question.id);
  };

  const receive = (question: VaultQuestion, given: MessagePort | undefined): unknown => {
    switch (question.type) {
      case 'call':
        return answerEmbedder(apiFor(question.session), question.message, { embedder, path }).then((message) =>
          message === undefined ? undefined : post({ type: 'answer', message }),
        );
      case 'attach':
        return given && transport.attach(question.intro, given);
      case 'keep-alive':
        return transport.keepAlive[KEEP_ALIVE[question.what]]();
      case 'host-died':
        for (const bridge of bridges.values()) bridge.workerDied();
        return transport.hostDied();
      case 'fetch':
        return relay.send(question.id, question.request);
      case 'abort':
        relay.abort(question.id);
        return watches.get(question.id)?.abort();
      default:
        return settle(question);
    }
  };

  port.onmessage = ({ data, ports: [given] }: MessageEvent<unknown>) => {
    const question = VAULT_QUESTION.read(data);
    if (question) receive(question, given);
  };
  transport.watchControl(() => post({ type: 'controlled' }), new AbortController().signal);
  const { origin } = location;
  post({
    type: 'opened',
    covers: api.map((rule) => ({ ...rule, origin: rule.origin === 'self' ? origin : rule.origin })),
  });
};
