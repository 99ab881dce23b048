import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { isObject, own, parseJson } from '../../src/protocol/schema/json.ts';
import { object, string } from '../../src/protocol/schema/schema.ts';
import { array, boolean, ifAbsent, oneOf, optional } from '../../src/protocol/schema/schema-types.ts';
import type { Chance } from '../base/chance.ts';
import { HTTP_FAULT } from './http/faults.ts';
import { startNetwork, type Network } from './network.ts';
import type { ServerAddress } from './tcp/socks.ts';
import { readToxic, toxicToJson, type Toxic } from './tcp/toxics.ts';

/**
 * The HTTP interface of Toxiproxy (https://github.com/Shopify/toxiproxy#http-api), so that its clients drive this proxy.
 * `protocol: 'http'` in the body of a proxy is ours: then `POST /proxies/{name}/faults` takes an `HttpFault`.
 */
export type ToxiproxyApi = { readonly url: string; stop(): Promise<void> };

const PROXY_BODY = object({
  name: string,
  listen: ifAbsent(string, '127.0.0.1:0'),
  upstream: string,
  enabled: ifAbsent(boolean, true),
  protocol: ifAbsent(oneOf('tcp', 'http'), 'tcp'),
});
const CHANGED_PROXY_BODY = object({ listen: optional(string), upstream: optional(string), enabled: optional(boolean) });

type ProxyConfig = { name: string; listen: string; upstream: string; protocol: 'tcp' | 'http' };
/** A disabled proxy keeps its toxics and its port, and does not listen. */
type ManagedProxy = { config: ProxyConfig; network: Network; enabled: boolean };

type Answer = { status: number; body?: unknown };

const VERSION = '2.12.0';
const OK = 200;
const CREATED = 201;
const NO_CONTENT = 204;
const BAD_REQUEST = 400;
const NOT_FOUND = 404;
const CONFLICT = 409;
const MAX_BODY_BYTES = 1_000_000;

/** Errors in the form of Toxiproxy's `apiError`. */
const problem = (status: number, error: string): Answer => ({ status, body: { error, status } });
const badBody = problem(BAD_REQUEST, 'bad request body');
const noProxy = problem(NOT_FOUND, 'proxy not found');
const noToxic = problem(NOT_FOUND, 'toxic not found');

/** `host:port`; an empty host means all interfaces in Toxiproxy, and loopback here. */
const parseAddress = (text: string): ServerAddress | undefined => {
  const at = text.lastIndexOf(':');
  const port = Number(text.slice(at + 1));
  if (at < 0 || !Number.isInteger(port) || port < 0 || port > 65_535) return undefined;
  const host = text.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  return { host: host === '' ? '127.0.0.1' : host, port };
};

const bodyOf = async (incoming: IncomingMessage): Promise<unknown> => {
  let text = '';
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    text += piece.toString('utf8');
    if (text.length > MAX_BODY_BYTES) return undefined;
  }
  return parseJson(text);
};

const toJson = ({ config, network, enabled }: ManagedProxy): object => ({
  name: config.name,
  listen: network.address,
  upstream: config.upstream,
  enabled,
  toxics: network.toxics.all().map(toxicToJson),
});

const updatedToxic = (toxic: Toxic, body: unknown): Toxic | undefined => {
  if (!isObject(body)) return undefined;
  const json = toxicToJson(toxic);
  const given = own(body, 'attributes');
  const { type, ...attributes } = toxic.attributes;
  return readToxic({
    ...json,
    type,
    toxicity: own(body, 'toxicity') ?? toxic.toxicity,
    attributes: { ...attributes, ...(isObject(given) ? given : {}) },
  });
};

export const startToxiproxyApi = async (chance: Chance, port = 0): Promise<ToxiproxyApi> => {
  const proxies = new Map<string, ManagedProxy>();

  const start = async (config: ProxyConfig): Promise<Network | undefined> => {
    const [listen, target] = [parseAddress(config.listen), parseAddress(config.upstream)];
    if (!listen || !target) return undefined;
    const { host, port: wanted } = listen;
    return startNetwork({ route: { type: 'fixed', target }, protocol: config.protocol, chance, host, port: wanted });
  };

  const setEnabled = (proxy: ManagedProxy, enabled: boolean): void => {
    proxy.enabled = enabled;
    proxy.network.setState(enabled ? 'up' : 'down');
  };

  const create = async (body: unknown): Promise<Answer> => {
    const config = PROXY_BODY.read(body);
    if (!config) return badBody;
    if (proxies.has(config.name)) return problem(CONFLICT, 'proxy already exists');
    const network = await start(config).catch(() => undefined);
    if (!network) return problem(BAD_REQUEST, 'the addresses cannot be used');
    const proxy: ManagedProxy = { config, network, enabled: true };
    proxies.set(config.name, proxy);
    setEnabled(proxy, config.enabled);
    return { status: CREATED, body: toJson(proxy) };
  };

  const change = async (proxy: ManagedProxy, body: unknown): Promise<Answer> => {
    const wanted = CHANGED_PROXY_BODY.read(body);
    if (!wanted) return badBody;
    const { listen = proxy.network.address, upstream = proxy.config.upstream } = wanted;
    if (listen !== proxy.network.address || upstream !== proxy.config.upstream) {
      const toxics = proxy.network.toxics.all();
      await proxy.network.stop();
      const network = await start({ ...proxy.config, listen, upstream });
      if (!network) return problem(BAD_REQUEST, 'the addresses cannot be used');
      for (const toxic of toxics) network.toxics.set(toxic);
      proxy.config = { ...proxy.config, listen, upstream };
      proxy.network = network;
    }
    setEnabled(proxy, wanted.enabled ?? proxy.enabled);
    return { status: OK, body: toJson(proxy) };
  };

  const remove = async (proxy: ManagedProxy): Promise<Answer> => {
    await proxy.network.stop();
    proxies.delete(proxy.config.name);
    return { status: NO_CONTENT };
  };

  const addToxic = ({ network }: ManagedProxy, body: unknown): Answer => {
    const toxic = readToxic(body);
    if (!toxic) return badBody;
    if (network.toxics.find(toxic.name)) return problem(CONFLICT, 'toxic already exists');
    network.toxics.set(toxic);
    return { status: OK, body: toxicToJson(toxic) };
  };

  const onToxic = ({ network }: ManagedProxy, name: string, method: string, body: unknown): Answer => {
    const toxic = network.toxics.find(name);
    if (!toxic) return noToxic;
    if (method === 'GET') return { status: OK, body: toxicToJson(toxic) };
    if (method === 'DELETE') {
      network.toxics.remove(name);
      return { status: NO_CONTENT };
    }
    const changed = updatedToxic(toxic, body);
    if (!changed) return badBody;
    network.toxics.set(changed);
    return { status: OK, body: toxicToJson(changed) };
  };

  const onFaults = ({ network }: ManagedProxy, method: string, body: unknown): Answer => {
    if (method === 'DELETE') {
      network.faults.clear();
      return { status: NO_CONTENT };
    }
    const fault = HTTP_FAULT.read(body);
    return fault ? { status: OK, body: { id: network.faults.add(fault) } } : badBody;
  };

  const onProxy = async (
    proxy: ManagedProxy,
    rest: readonly string[],
    method: string,
    body: unknown,
  ): Promise<Answer> => {
    const [part, name] = rest;
    if (part === undefined) {
      if (method === 'GET') return { status: OK, body: toJson(proxy) };
      return method === 'DELETE' ? remove(proxy) : change(proxy, body);
    }
    if (part === 'faults') return onFaults(proxy, method, body);
    if (part !== 'toxics') return problem(NOT_FOUND, 'not found');
    if (name !== undefined) return onToxic(proxy, name, method, body);
    return method === 'GET' ? { status: OK, body: proxy.network.toxics.all().map(toxicToJson) } : addToxic(proxy, body);
  };

  const populate = async (body: unknown): Promise<Answer> => {
    const configs = array(PROXY_BODY).read(body);
    if (!configs) return badBody;
    const made: object[] = [];
    for (const config of configs) {
      const known = proxies.get(config.name);
      if (known && known.config.upstream === config.upstream) {
        setEnabled(known, config.enabled);
        made.push(toJson(known));
        continue;
      }
      if (known) await remove(known);
      const { status, body: created } = await create(config);
      if (status !== CREATED) return { status, body: created };
      if (isObject(created)) made.push(created);
    }
    return { status: CREATED, body: { proxies: made } };
  };

  const answer = async (incoming: IncomingMessage): Promise<Answer> => {
    const { method = 'GET', url = '/' } = incoming;
    const [first, name, ...rest] = url.split('?')[0]?.split('/').filter(Boolean).map(decodeURIComponent) ?? [];
    const body = method === 'GET' || method === 'DELETE' ? undefined : await bodyOf(incoming);
    if (first === 'version') return { status: OK, body: { version: VERSION } };
    if (first === 'populate' && method === 'POST') return populate(body);
    if (first === 'reset' && method === 'POST') {
      for (const proxy of proxies.values()) {
        proxy.network.toxics.clear();
        proxy.network.faults.clear();
        setEnabled(proxy, true);
      }
      return { status: NO_CONTENT };
    }
    if (first !== 'proxies') return problem(NOT_FOUND, 'not found');
    if (name === undefined) {
      if (method === 'POST') return create(body);
      return { status: OK, body: Object.fromEntries([...proxies].map(([key, proxy]) => [key, toJson(proxy)])) };
    }
    const proxy = proxies.get(name);
    return proxy ? onProxy(proxy, rest, method, body) : noProxy;
  };

  const server: Server = createServer((incoming, outgoing) => {
    const respond = ({ status, body }: Answer): void => {
      outgoing.writeHead(status, { 'content-type': 'application/json' });
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    };
    answer(incoming).then(respond, () => respond(badBody));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`,
    stop: async () => {
      for (const proxy of proxies.values()) await proxy.network.stop();
      const closed = once(server, 'close');
      server.closeAllConnections();
      server.close();
      await closed;
    },
  };
};
